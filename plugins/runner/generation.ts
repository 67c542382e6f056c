/**
 * One app of a runner, from its start to its end; a swap makes a new generation.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { AIO_ERR_APP_CLOSED } from '../../lib/errors.ts'
import type { AppSignals } from '../signals/index.ts'
import type { Work } from './report.ts'
import { sayGoodbye } from './websocket-goodbye.ts'

/** What a generation asks of its runner. */
export interface GenerationOptions {
  /** Its number; the first app is 1. */
  readonly number: number
  /** Gives the app what it may want to know; `isOpen` unless it was made ready before and takes nothing any more. */
  readonly introduce: (app: FastifyInstance, isOpen: boolean) => void
  /** Somebody calls `app.close()`: what that has to wait for, or `null`. */
  readonly beforeClose: (generation: Generation) => Promise<void> | null
}

/** One app, and what a runner does to it. */
export class Generation {
  readonly app: FastifyInstance
  readonly number: number
  readonly #options: GenerationOptions
  #closed = false
  #closedByOthers = false

  constructor (app: FastifyInstance, options: GenerationOptions) {
    this.app = app
    this.number = options.number
    this.#options = options
  }

  /**
   * Makes the app ready.
   *
   * @throws AIO_ERR_APP_CLOSED when it is closed meanwhile, or the error of the app
   */
  async start (): Promise<void> {
    const { app } = this
    // What is registered but not loaded yet may be what brings the state.
    await app.after()
    const started = !this.#followClose()
    if (started && await isClosed(app)) throw new AIO_ERR_APP_CLOSED()
    this.#options.introduce(app, !started)
    await app.ready()
    // A close() that came meanwhile begins only now.
    await nextTurn()
    if (this.#closed) throw new AIO_ERR_APP_CLOSED()
  }

  get #signals (): AppSignals | null {
    return this.app.hasDecorator('signals') ? this.app.signals : null
  }

  /** Ends a start that is under way after the step that is running, or before its first. */
  cancelStart (): void {
    this.#signals?.cancelStartup()
  }

  /** Readiness turns false; everything is served. */
  lame (): void {
    this.#signals?.lame()
  }

  /** No new request will come. */
  retire (): void {
    this.#signals?.retire()
  }

  /** Sends `onShutdown` and says goodbye to websockets. */
  async notify (): Promise<void> {
    try {
      await this.#signals?.shutdown()
    } finally {
      await sayGoodbye(this.app)
    }
  }

  /** Leaves the `onShutdown` receiver that has not ended to itself. */
  giveUp (): void {
    this.#signals?.giveUp()
  }

  /** What goes on without a connection. */
  work (): Work {
    return this.#signals?.work ?? []
  }

  /** Puts an end to that: what does not obey is left to itself. */
  endWork (): void {
    // Its errors come out of the cleanup.
    this.#signals?.endWork().catch(() => {})
  }

  /** The receivers and contexts of the cleanup that failed, as text. */
  failures (): string[] {
    return (this.#signals?.finished ?? [])
      .filter(({ failed, signal }) => failed && signal !== 'onStartup' && signal !== 'onShutdown')
      .map(({ signal, name, took }) => `the ${signal} receiver "${name}" failed after ${took} ms`)
  }

  /** Leaves the contexts and closes the app. */
  async teardown (): Promise<void> {
    // The close that stopped us goes on with its onClose hooks when we are done.
    if (this.#closedByOthers) return
    const errors: unknown[] = []
    // Before the app's own onClose hooks, which may close what an onCleanup receiver still needs.
    await this.#signals?.cleanup({ patience: 0 }).catch((error: unknown) => errors.push(error))
    await this.app.close().catch((error: unknown) => errors.push(error))
    if (errors.length > 0) throw new AggregateError(errors, 'Cannot clean up')
  }

  /** The hook that is being waited for, as text. */
  waitingFor (): string | null {
    const running = this.#signals?.running ?? null
    if (running === null) return null
    return `the ${running.signal} receiver "${running.name}", for ${Math.round(Date.now() - running.since)} ms`
  }

  /**
   * `app.close()` called by somebody else waits for the runner, within Fastify's `pluginTimeout`. False for an app that
   * was made ready before: it takes no hooks any more.
   */
  #followClose (): boolean {
    try {
      this.app.addHook('preClose', async () => {
        this.#closed = true
        const before = this.#options.beforeClose(this)
        if (before === null) return
        this.#closedByOthers = true
        await before
      })
      return true
    } catch (error) {
      if (codeOf(error) === 'FST_ERR_INSTANCE_ALREADY_LISTENING') return false
      throw error
    }
  }
}

/** Whether an app that has started is closed: Fastify tells only who asks it for something, and then at once. */
async function isClosed (app: FastifyInstance): Promise<boolean> {
  try {
    // A request for nothing in particular: where the app is open, it goes no further.
    await app.inject({})
    return false
  } catch (error) {
    return codeOf(error) === 'FST_ERR_REOPENED_CLOSE_SERVER'
  }
}

function codeOf (error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
