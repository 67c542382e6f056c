/**
 * The shutdown machine: one order of things, a limit on every wait, and a name for whoever misses it.
 *
 *     running → lame → unlisten → notify → drain → cancel → kill → cleanup → closed
 *
 * `docs/runner.md` says what each kind of connection sees in each phase.
 *
 * @module
 */

import type { Server } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AIO_ERR_SHUTDOWN_TIMEOUT } from '../../lib/errors.ts'
import { runDry } from './accept-queue.ts'
import type { Connections } from './connections.ts'
import { abortRequests, answerForHandlers, destroyAll, Sweeper } from './drain.ts'
import type { RunnerLog } from './log.ts'
import { LONGEST_TIMER, type ResolvedRunnerOptions } from './options.ts'
import { countsAsText, describeConnections } from './report.ts'

/** Where a runner is in its life. */
export type Phase = 'new' | 'running' | 'lame' | 'unlisten' | 'notify' | 'drain' | 'cancel' | 'kill' | 'cleanup' |
  'closed'

/** What a shutdown stops. */
export interface ShutdownSubject {
  readonly connections: Connections
  readonly options: ResolvedRunnerOptions
  readonly log: RunnerLog
  /** The servers that listen, or did. */
  servers (): readonly Server[]
  /** Closes all listeners in this turn of the event loop. */
  closeListeners (): void
  /** Gives back what listeners leave behind, such as paths. */
  releaseSites (): Promise<void>
  /** Sends `onShutdown`, says goodbye to websockets. */
  notify (): Promise<void>
  /** Leaves the receiver of `onShutdown` that has not ended to itself. */
  giveUp (): void
  /** Leaves contexts, sends `onCleanup`, closes the app. */
  cleanup (): Promise<void>
  /** The hook that is being waited for, as text. */
  waitingFor (): string | null
}

/** How often the end of the last connection is looked for, in milliseconds. */
const POLL_INTERVAL = 5

/** How long answers in the last moment have to leave, in milliseconds. */
const FLUSH_TIME = 50

/** One shutdown, from the first signal to the end. */
export class Shutdown {
  phase: Phase = 'running'
  readonly #subject: ShutdownSubject
  readonly #errors: unknown[] = []
  readonly #skipWaiting = new AbortController()
  readonly #skipCancelling = new AbortController()

  constructor (subject: ShutdownSubject) {
    this.#subject = subject
  }

  /**
   * Runs all phases.
   *
   * @throws the error of a hook, or an `AggregateError` of several
   */
  async run (): Promise<void> {
    const { connections, options } = this.#subject
    const sweeper = new Sweeper(connections, options.idleGrace)
    this.#enter('lame')
    // Without a listener there is no load balancer to wait for.
    if (this.#subject.servers().length > 0) await wait(options.shutdownDelay, this.#skipWaiting.signal)
    await this.#unlisten()
    const deadline = performance.now() + options.shutdownTimeout
    connections.draining = true
    sweeper.start()
    await this.#notify(deadline)
    await this.#drain(deadline)
    if (connections.size > 0) await this.#cut()
    sweeper.stop()
    await this.runCleanup()
  }

  /**
   * Only the last step: for a runner that never began to serve.
   *
   * @throws the error of a hook, or an `AggregateError` of several
   */
  async runCleanup (): Promise<void> {
    await this.#cleanup()
    this.#enter('closed')
    if (this.#errors.length === 1) throw this.#errors[0]
    if (this.#errors.length > 1) throw new AggregateError(this.#errors, 'Several hooks failed during the shutdown')
  }

  /** Skips the waiting: to `cancel` at once, or from `cancel` to `kill`. Cleanup is never skipped. */
  hurry (): void {
    if (this.phase === 'cancel') this.#skipCancelling.abort()
    this.#skipWaiting.abort()
  }

  #enter (phase: Phase): void {
    this.phase = phase
    try {
      this.#subject.options.onPhase?.(phase)
    } catch (error) {
      // Whoever only watches must not keep anything from being stopped.
      this.#errors.push(error)
    }
  }

  async #unlisten (): Promise<void> {
    const subject = this.#subject
    this.#enter('unlisten')
    await runDry(subject.servers(), subject.connections, this.#skipWaiting.signal)
    subject.closeListeners()
    await this.#collect(subject.releaseSites())
  }

  async #notify (deadline: number): Promise<void> {
    this.#enter('notify')
    const skip = this.#skipWaiting.signal
    const ended = await within(this.#collect(this.#subject.notify()), deadline - performance.now(), skip)
    if (ended) return
    this.#reportHook('onShutdown')
    this.#subject.giveUp()
  }

  async #drain (deadline: number): Promise<void> {
    this.#enter('drain')
    await this.#emptied(deadline, this.#skipWaiting.signal)
  }

  async #cut (): Promise<void> {
    const { connections, options } = this.#subject
    this.#enter('cancel')
    this.#reportConnections()
    abortRequests(connections)
    await this.#emptied(performance.now() + options.cancelTimeout, this.#skipCancelling.signal)
    answerForHandlers(connections)
    await this.#emptied(performance.now() + FLUSH_TIME, this.#skipCancelling.signal)
    this.#enter('kill')
    destroyAll(connections)
    // Sockets tell of their end a turn later, and cleanup may count on there being none.
    await this.#emptied(performance.now() + FLUSH_TIME)
  }

  async #cleanup (): Promise<void> {
    const { options } = this.#subject
    this.#enter('cleanup')
    const ended = await within(this.#collect(this.#subject.cleanup()), options.cleanupTimeout)
    if (!ended) {
      this.#reportHook('cleanup')
      this.#errors.push(new AIO_ERR_SHUTDOWN_TIMEOUT('The cleanup', options.cleanupTimeout))
    }
  }

  /** Waits for the last connection to end, until the time is up or the signal aborts. */
  async #emptied (deadline: number, skip = new AbortController().signal): Promise<void> {
    const { connections } = this.#subject
    while (connections.size > 0 && performance.now() < deadline && !skip.aborted) {
      await wait(Math.min(POLL_INTERVAL, deadline - performance.now()), skip)
    }
  }

  async #collect (step: Promise<void>): Promise<void> {
    try {
      await step
    } catch (error) {
      for (const item of flatten(error)) if (!this.#errors.includes(item)) this.#errors.push(item)
    }
  }

  #reportHook (signal: string): void {
    const name = this.#subject.waitingFor()
    this.#subject.log.warn(`Shutdown: gave up waiting for ${name ?? `the ${signal} receivers`}`)
  }

  #reportConnections (): void {
    const { counts, lines } = describeConnections(this.#subject.connections)
    const why = this.#skipWaiting.signal.aborted
      ? 'when the waiting was cut short'
      : `after ${this.#subject.options.shutdownTimeout} ms`
    this.#subject.log.warn([`Shutdown: ${countsAsText(counts)} still open ${why}, cut now`, ...lines].join('\n  '))
  }
}

/** Resolves after `ms` milliseconds, or when `skip` aborts. */
function wait (ms: number, skip: AbortSignal): Promise<void> {
  if (ms <= 0 || skip.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      skip.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(ms, LONGEST_TIMER))
    skip.addEventListener('abort', done, { once: true })
  })
}

/** Whether `step` ended within `ms` milliseconds and before `skip` aborted. */
async function within (step: Promise<void>, ms: number, skip = new AbortController().signal): Promise<boolean> {
  const over = new AbortController()
  const ended = step.then(() => true)
  const limit = wait(Math.max(ms, 1), AbortSignal.any([skip, over.signal]))
  // What ends without waiting for anything has ended one turn later.
  const timedOut = limit.then(() => nextTurn(false))
  const result = await Promise.race([ended, timedOut])
  over.abort()
  return result
}

function flatten (error: unknown): unknown[] {
  return error instanceof AggregateError ? error.errors.flatMap(flatten) : [error]
}
