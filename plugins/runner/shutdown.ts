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
import { AIO_ERR_SHUTDOWN_TIMEOUT } from '../../lib/errors.ts'
import { runDry } from './accept-queue.ts'
import type { Connections } from './connections.ts'
import { abortRequests, answerForHandlers, destroyAll, Sweeper } from './drain.ts'
import type { RunnerLog } from './log.ts'
import type { ResolvedRunnerOptions } from './options.ts'
import { countsAsText, describeConnections, describeWork, type Work } from './report.ts'
import { until, wait, within } from './waiting.ts'

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
  /** Gives back what leads to the listeners, such as paths. */
  releaseSites (): Promise<void>
  /** Announces that the end is near. */
  lame (): void
  /** Sends `onShutdown`, says goodbye to websockets. */
  notify (): Promise<void>
  /** Leaves the receiver of `onShutdown` that has not ended to itself. */
  giveUp (): void
  /** Leaves contexts, sends `onCleanup`, closes the app. */
  cleanup (): Promise<void>
  /** What goes on without a connection, such as jobs. */
  work (): Work
  /** Puts an end to it. */
  endWork (): void
  /** The hooks of the cleanup that failed, as text. */
  failures (): string[]
  /** The hook that is being waited for, as text. */
  waitingFor (): string | null
}

/** How long answers in the last moment have to leave, in milliseconds. */
const FLUSH_TIME = 50

/** One shutdown, from the first signal to the end. */
export class Shutdown {
  phase: Phase = 'running'
  readonly #subject: ShutdownSubject
  readonly #errors: unknown[] = []
  /** Whoever was given up or cut, a line each. */
  readonly #left: string[] = []
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
    this.#subject.lame()
    // Without a listener there is no load balancer to wait for.
    if (this.#subject.servers().length > 0) await wait(options.shutdownDelay, this.#skipWaiting.signal)
    await this.#unlisten()
    const deadline = performance.now() + options.shutdownTimeout
    connections.draining = true
    sweeper.start()
    await this.#notify(deadline)
    await this.#drain(deadline)
    if (!this.#isQuiet()) await this.#cut()
    else if (this.gaveUp) this.#subject.log.warn(`Shutdown: ${this.#left.join()}`)
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
    this.#reportFailures()
    this.#enter('closed')
    if (this.#errors.length === 1) throw this.#errors[0]
    if (this.#errors.length > 1) throw new AggregateError(this.#errors, 'Several hooks failed during the shutdown')
  }

  /** Whether something was given up or cut. */
  get gaveUp (): boolean {
    return this.#left.length > 0
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
    // A path goes first: whoever comes now finds nothing and asks somebody else, instead of being reset in the queue.
    await this.#collect(subject.releaseSites())
    await runDry(subject.servers(), subject.connections, this.#skipWaiting.signal)
    subject.closeListeners()
  }

  async #notify (deadline: number): Promise<void> {
    this.#enter('notify')
    const skip = this.#skipWaiting.signal
    const ended = await within(this.#collect(this.#subject.notify()), deadline - performance.now(), skip)
    if (ended) return
    this.#left.push(`gave up waiting for ${this.#subject.waitingFor() ?? 'the onShutdown receivers'}`)
    this.#subject.giveUp()
  }

  async #drain (deadline: number): Promise<void> {
    this.#enter('drain')
    await until(() => this.#isQuiet(), deadline, this.#skipWaiting.signal)
  }

  /** Whether nothing goes on any more: no connection, no handler whose client has gone, no job. */
  #isQuiet (): boolean {
    const { connections } = this.#subject
    return connections.size === 0 && connections.abandoned.length === 0 && this.#subject.work().length === 0
  }

  async #cut (): Promise<void> {
    const { connections, options } = this.#subject
    this.#enter('cancel')
    this.#reportConnections()
    for (const { pending } of connections) abortRequests(pending)
    this.#subject.endWork()
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
      this.#left.push(`gave up waiting for ${this.#subject.waitingFor() ?? 'the cleanup receivers'}`)
      this.#subject.log.warn(`Shutdown: ${this.#left.at(-1)}`)
      this.#errors.push(new AIO_ERR_SHUTDOWN_TIMEOUT('The cleanup', options.cleanupTimeout))
    }
  }

  /** Waits for the last connection to end, until the time is up or the signal aborts. */
  async #emptied (deadline: number, skip?: AbortSignal): Promise<void> {
    await until(() => this.#subject.connections.size === 0, deadline, skip)
  }

  async #collect (step: Promise<void>): Promise<void> {
    try {
      await step
    } catch (error) {
      for (const item of flatten(error)) if (!this.#errors.includes(item)) this.#errors.push(item)
    }
  }

  #reportConnections (): void {
    const { counts, lines } = describeConnections(this.#subject.connections)
    const work = describeWork(this.#subject.work())
    const why = this.#skipWaiting.signal.aborted
      ? 'when the waiting was cut short'
      : `after ${this.#subject.options.shutdownTimeout} ms`
    const open = countsAsText({ ...counts, work: work.length })
    this.#left.push(...lines, ...work)
    this.#subject.log.warn([`Shutdown: ${open} still open ${why}, cut now`, ...this.#left].join('\n  '))
  }

  /** Everything at once, for who looks only at the end; what only failed is in the error that is thrown. */
  #reportFailures (): void {
    const failures = this.#subject.failures()
    if (!this.gaveUp || failures.length === 0) return
    this.#subject.log.warn(['Shutdown: ended, but not all went well', ...this.#left, ...failures].join('\n  '))
  }
}

function flatten (error: unknown): unknown[] {
  return error instanceof AggregateError ? error.errors.flatMap(flatten) : [error]
}
