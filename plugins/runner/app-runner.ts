/**
 * Runs a Fastify app, any Fastify app, on sites of its own: aiohttp's `AppRunner`.
 *
 * The app never listens; its `routing` is the request listener of each site's server, and a swap puts that of
 * another app in its place.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { loggerOf } from '../../lib/loggers.ts'
import { checkOptions, describe, milliseconds, oneOf, type Shape } from '../../lib/options.ts'
import { AppKey } from '../state.ts'
import { BaseRunner } from './base-runner.ts'
import { AIO_ERR_SWAP_APP } from './errors.ts'
import { Generation } from './generation.ts'
import { InFlight } from './in-flight.ts'
import { runnerLog, type RunnerLog } from './log.ts'
import type { RunnerOptions } from './options.ts'
import type { GenerationReport, Work } from './report.ts'
import { Retirement, type SwapOptions } from './retirement.ts'
import type { Front, Served } from './site-server.ts'
import { within } from './waiting.ts'

/** Where an app with `app.state` finds the runner that serves it, with its sites and its phase. */
export const runnerKey = new AppKey<AppRunner>('runner')

/** What came of a swap. */
export interface Swap {
  /** The number of the app that serves now; the first was 1. */
  readonly generation: number
  /**
   * Settles when the old app has been cleaned up; rejects with the errors of its hooks, which are in the log as well.
   * A handler of the old app that waits for it waits for itself.
   */
  readonly closed: Promise<void>
}

const swapShape: Shape<SwapOptions> = { shutdownTimeout: milliseconds, websockets: oneOf('close', 'keep') }

declare module 'fastify' {
  interface FastifyInstance {
    /** The runner that serves the app; there is none for an app that listens by itself, or was ready before. */
    readonly runner?: AppRunner
  }
}

/** Runs an app: `setup()`, sites, `swap()`, `cleanup()`. */
export class AppRunner extends BaseRunner {
  readonly #front: Front
  readonly #retiring = new Set<Retirement>()
  /** Every app that this runner has been given. */
  readonly #known = new WeakSet<FastifyInstance>()
  #generation: Generation
  /** The app that a swap is making ready. */
  #starting: Generation | null = null
  /** The newest number that was given to an app. */
  #number = 0
  #swaps: Promise<unknown> = Promise.resolve()

  /**
   * @throws AIO_ERR_ARGUMENT_INVALID unless `app` is a Fastify instance; AIO_ERR_OPTION_UNKNOWN,
   *   AIO_ERR_OPTION_INVALID
   */
  constructor (app: FastifyInstance, options: RunnerOptions = {}) {
    super('AppRunner', options)
    checkApp(app, 'AppRunner')
    this.#known.add(app)
    this.#generation = this.#next(app)
    this.#front = { handler: app.routing, events: app.server }
  }

  /** The app that serves; after a swap the new one. */
  get app (): FastifyInstance {
    return this.#generation.app
  }

  /**
   * Puts another app in the place of this one, without closing a listener or a connection. `next` is made ready first;
   * then, from one turn of the event loop to the next, it gets every new request, also on connections that are open.
   * The old app finishes what it has, and is shut down and cleaned up. Swaps come one after the other.
   *
   * @returns when `next` serves
   * @throws the error of `next` when it does not start: what it had started has then been left again, and the old app
   *   goes on as if nothing had happened; AIO_ERR_SWAP_APP for an app that was served before or listens by itself,
   *   AIO_ERR_APP_CLOSED for one that is closed; AIO_ERR_RUNNER_NOT_SET_UP, AIO_ERR_RUNNER_CLOSED;
   *   AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
   */
  async swap (next: FastifyInstance, options: SwapOptions = {}): Promise<Swap> {
    checkOptions('runner.swap()', options, swapShape)
    checkApp(next, 'runner.swap()')
    this.checkRunning('swap the app')
    if (this.#known.has(next)) throw new AIO_ERR_SWAP_APP('the runner has been given it before')
    if (next.hasDecorator('state') && next.state.has(runnerKey)) throw new AIO_ERR_SWAP_APP('another runner serves it')
    if (next.server.listening) throw new AIO_ERR_SWAP_APP('it listens by itself')
    this.#known.add(next)
    const swap = this.#swaps.then(() => this.#swap(next, options))
    this.#swaps = swap.catch(() => {})
    return swap
  }

  async #swap (next: FastifyInstance, options: SwapOptions): Promise<Swap> {
    this.checkRunning('swap the app')
    const generation = this.#next(next)
    this.#starting = generation
    try {
      // A runner that has been closed meanwhile is why the start failed.
      await generation.start().finally(() => this.checkRunning('swap the app'))
    } catch (error) {
      throw await this.#undo(generation, error)
    } finally {
      this.#starting = null
    }
    return this.#switchTo(generation, options)
  }

  /** In one turn of the event loop: no request may come in between. */
  #switchTo (generation: Generation, { shutdownTimeout, websockets = 'close' }: SwapOptions): Swap {
    const old = this.#generation
    const inFlight = new InFlight(this.connections, Array.from(this.#retiring, ({ inFlight }) => inFlight))
    this.#generation = generation
    this.#front.handler = generation.app.routing
    this.#front.events = generation.app.server
    const retirement = new Retirement(old, inFlight, {
      shutdownTimeout: shutdownTimeout ?? this.options.shutdownTimeout,
      websockets,
      runner: this.options,
      log: this.log
    })
    this.#retiring.add(retirement)
    const forget = () => { this.#retiring.delete(retirement) }
    retirement.closed.then(forget, forget)
    this.log.info(`Swap: generation ${generation.number} serves now`)
    return { generation: generation.number, closed: retirement.closed }
  }

  /** Closes an app that is not to serve; the error, together with those of closing it. */
  async #undo (generation: Generation, error: unknown): Promise<unknown> {
    const errors: unknown[] = []
    const collect = (error: unknown) => {
      errors.push(...error instanceof AggregateError ? error.errors as unknown[] : [error])
    }
    const end = generation.notify().catch(collect).then(() => generation.teardown()).catch(collect)
    await within(end, this.options.cleanupTimeout)
    const others = errors.filter(other => other !== error)
    if (others.length === 0) return error
    const message = error instanceof Error ? error.message : String(error)
    return new AggregateError([error, ...others], message, { cause: error })
  }

  #next (app: FastifyInstance): Generation {
    this.#number += 1
    return new Generation(app, {
      number: this.#number,
      introduce: (app, isOpen) => {
        if (isOpen && !app.hasDecorator('runner')) app.decorate('runner', { getter: (): AppRunner => this })
        if (app.hasDecorator('state') && !app.state.frozen && !app.state.has(runnerKey)) app.state.set(runnerKey, this)
      },
      beforeClose: generation => this.#beforeClose(generation)
    })
  }

  /** The app that serves, then the old ones. */
  get #all (): Generation[] {
    return [this.#generation, ...Array.from(this.#retiring, ({ generation }) => generation)]
  }

  #beforeClose (generation: Generation): Promise<void> | null {
    if (generation === this.#generation) return this.phase === 'running' ? this.cleanup() : null
    for (const retirement of this.#retiring) {
      if (retirement.generation === generation && retirement.draining) return retirement.drained
    }
    return null
  }

  protected get log (): RunnerLog {
    return this.options.log ?? runnerLog(loggerOf(this.app, 'server'))
  }

  protected prepare (): Promise<void> {
    return this.#generation.start()
  }

  protected served (): Served {
    const { app, options } = this
    const { keepAliveTimeout, requestTimeout } = app.server
    return {
      front: this.#front,
      timeout: app.server.timeout,
      maxRequestsPerSocket: app.server.maxRequestsPerSocket ?? 0,
      serverOptions: {
        keepAliveTimeout: options.keepAliveTimeout ?? keepAliveTimeout,
        // Fastify's default of 0 would switch Node's own limit off, and a half-sent body could stay for ever.
        ...(requestTimeout > 0 ? { requestTimeout } : {}),
        ...options.server
      }
    }
  }

  protected cancelStart (): void {
    for (const generation of [this.#generation, this.#starting]) generation?.cancelStart()
  }

  protected lame (): void {
    this.#generation.lame()
  }

  protected async notify (): Promise<void> {
    await allOf([this.#generation.notify(), ...Array.from(this.#retiring, retirement => retirement.join())])
  }

  protected giveUp (): void {
    for (const generation of this.#all) generation.giveUp()
  }

  protected async teardown (): Promise<void> {
    // A swap that is under way finds the runner closed, and undoes what it has begun.
    await allOf([
      this.#generation.teardown(), this.#swaps.then(() => {}),
      ...Array.from(this.#retiring, retirement => retirement.finish())
    ])
  }

  protected work (): Work {
    return this.#all.flatMap(generation => [...generation.work()])
  }

  protected endWork (): void {
    for (const generation of this.#all) generation.endWork()
  }

  protected failures (): string[] {
    return this.#all.flatMap(generation => generation.failures())
  }

  protected waitingFor (): string | null {
    for (const generation of this.#all) {
      const found = generation.waitingFor()
      if (found !== null) return found
    }
    return null
  }

  protected override generations (): GenerationReport[] {
    const old = Array.from(this.#retiring, ({ generation, inFlight, since }) => ({
      number: generation.number,
      current: false,
      requests: inFlight.requests.length,
      websockets: inFlight.websockets.length,
      retiringFor: Math.round(performance.now() - since),
      waitingFor: generation.waitingFor()
    }))
    const inFlight = new InFlight(this.connections, Array.from(this.#retiring, ({ inFlight }) => inFlight))
    return [...old, {
      number: this.#generation.number,
      current: true,
      requests: inFlight.requests.length,
      websockets: inFlight.websockets.length,
      retiringFor: 0,
      waitingFor: this.#generation.waitingFor()
    }]
  }
}

/** Waits for all; then throws the errors there were. */
async function allOf (steps: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(steps)
  const errors = results.flatMap(result => result.status === 'rejected' ? [result.reason as unknown] : [])
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, 'Several apps failed')
}

/** @throws AIO_ERR_ARGUMENT_INVALID unless `app` is a Fastify instance; not instanceof, for there may be two copies */
function checkApp (app: FastifyInstance, where: string): void {
  if (typeof app?.routing !== 'function' || typeof app.ready !== 'function') {
    throw new AIO_ERR_ARGUMENT_INVALID('app', where, 'a Fastify instance', describe(app))
  }
}
