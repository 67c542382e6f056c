/**
 * The end of an app that a swap has replaced: it finishes what it has, then it is shut down and cleaned up.
 *
 * No step of its handlers comes after the beginning of its cleanup, unless its deadline has passed.
 *
 * @module
 */

import { abortRequests, answerUnavailable } from './drain.ts'
import type { Generation } from './generation.ts'
import type { InFlight } from './in-flight.ts'
import type { RunnerLog } from './log.ts'
import type { ResolvedRunnerOptions } from './options.ts'
import { describeRequests, describeWork } from './report.ts'
import { until, wait, within } from './waiting.ts'
import { RestartNotice } from './websocket-goodbye.ts'

/** Options of `runner.swap()`. */
export interface SwapOptions {
  /**
   * How long the requests of the old app have to end, in milliseconds, counted from the swap. What is left then is
   * named in the log and cut.
   *
   * @default the runner's `shutdownTimeout`
   */
  shutdownTimeout?: number
  /**
   * What becomes of the old app's websockets: `'close'` tells them 1012 (service restart), so that they come back
   * to the new app; `'keep'` leaves them with the old app until they end, or the runner stops.
   *
   * @default 'close'
   */
  websockets?: 'close' | 'keep'
}

/** What a retirement works with. */
export interface RetirementOptions extends Required<SwapOptions> {
  readonly runner: ResolvedRunnerOptions
  readonly log: RunnerLog
}

/** Between two batches of websockets that are told to come back, in milliseconds. */
const NOTICE_INTERVAL = 50

/** How long websockets have to answer before `onShutdown` deals with them, in milliseconds. */
const NOTICE_PATIENCE = 2000

/** How long answers in the last moment have to leave, in milliseconds. */
const FLUSH_TIME = 50

/** One old app on its way out. */
export class Retirement {
  readonly generation: Generation
  readonly inFlight: InFlight
  readonly since = performance.now()
  /** Settles when the app has been cleaned up; rejects with its errors. */
  readonly closed: Promise<void>
  /** Resolves when nothing of it is under way any more. */
  readonly drained: Promise<void>
  readonly #options: RetirementOptions
  readonly #errors: unknown[] = []
  /** The runner stops, and `onShutdown` has to be sent now. */
  readonly #joined = new AbortController()
  /** The runner is about to clean up, and has cut all connections. */
  readonly #finished = new AbortController()
  readonly #notified: Promise<void>
  #tearingDown = false

  constructor (generation: Generation, inFlight: InFlight, options: RetirementOptions) {
    this.generation = generation
    this.inFlight = inFlight
    this.#options = options
    generation.retire()
    const deadline = this.since + options.shutdownTimeout
    this.#notified = this.#finishRequests(deadline).then(() => this.#notify())
    this.drained = this.#notified.then(() => this.#finishRest(deadline))
    this.closed = this.drained.then(() => this.#teardown())
    this.closed.catch((error: unknown) => {
      options.log.error({ err: error }, `Swap: errors at the end of generation ${generation.number}`)
    })
  }

  /** Whether somebody else's `app.close()` has to wait for `drained`. */
  get draining (): boolean {
    return !this.#tearingDown
  }

  /** The runner stops: sends `onShutdown` now, as the runner does for the current app; resolves when it is done. */
  join (): Promise<void> {
    this.#joined.abort()
    return this.#notified
  }

  /** The runner cleans up: the rest of it, too. */
  finish (): Promise<void> {
    this.#joined.abort()
    this.#finished.abort()
    return this.closed
  }

  async #finishRequests (deadline: number): Promise<void> {
    const { inFlight } = this
    const notice = this.#options.websockets === 'close' ? this.#sendNotices() : null
    const ended = await until(() => inFlight.requests.length === 0, deadline, this.#joined.signal)
    if (!ended && !this.#joined.signal.aborted) await this.#cut()
    await notice
    if (notice !== null) return
    await until(() => inFlight.websockets.length === 0, Infinity, this.#joined.signal)
  }

  /** Tells websockets to come back until none is left, or the rest has had its time. */
  async #sendNotices (): Promise<void> {
    const notice = new RestartNotice(this.generation.app)
    const skip = this.#joined.signal
    const patience = this.since + NOTICE_PATIENCE
    while (this.inFlight.websockets.length > 0 && performance.now() < patience && !skip.aborted) {
      notice.tellSome()
      await until(() => this.inFlight.websockets.length === 0, performance.now() + NOTICE_INTERVAL, skip)
    }
  }

  /** What a shutdown does at its deadline, for the requests of one app. */
  async #cut (): Promise<void> {
    const { cancelTimeout } = this.#options.runner
    const { inFlight } = this
    const late = inFlight.requests
    this.#report(describeRequests(late))
    for (const response of late) if (!response.headersSent) response.shouldKeepAlive = false
    abortRequests(late)
    const over = () => inFlight.requests.length === 0
    await until(over, performance.now() + cancelTimeout, this.#joined.signal)
    answerUnavailable(inFlight.requests)
    await until(over, performance.now() + FLUSH_TIME, this.#joined.signal)
    for (const { req } of inFlight.requests) req.socket.destroy()
  }

  async #notify (): Promise<void> {
    const { generation } = this
    const { cleanupTimeout } = this.#options.runner
    const ended = await within(this.#collect(generation.notify()), cleanupTimeout, this.#finished.signal)
    if (ended) return
    this.#report([generation.waitingFor() ?? 'the onShutdown receivers'])
    generation.giveUp()
  }

  /** Jobs have until the deadline; a runner that stops waits for the requests, and cuts them, itself. */
  async #finishRest (deadline: number): Promise<void> {
    const { generation, inFlight } = this
    const joined = this.#joined.signal.aborted
    const limit = joined ? Infinity : Math.max(deadline, performance.now() + FLUSH_TIME)
    const quiet = () => generation.work().length === 0 &&
      (!joined || (inFlight.requests.length === 0 && inFlight.websockets.length === 0))
    if (!await until(quiet, limit, this.#finished.signal)) this.#report(describeWork(generation.work()))
    inFlight.destroy()
    // What follows an answer, such as an onResponse hook, has its turn.
    await wait(1, new AbortController().signal)
  }

  async #teardown (): Promise<void> {
    this.#tearingDown = true
    const { cleanupTimeout } = this.#options.runner
    if (!await within(this.#collect(this.generation.teardown()), cleanupTimeout)) {
      this.#report([this.generation.waitingFor() ?? 'the cleanup'])
    }
    if (this.#errors.length === 1) throw this.#errors[0]
    if (this.#errors.length > 1) throw new AggregateError(this.#errors, 'Several hooks failed')
  }

  #report (lines: readonly string[]): void {
    if (lines.length === 0) return
    const age = Math.round(performance.now() - this.since)
    const text = `Swap: gave up waiting for generation ${this.generation.number} after ${age} ms`
    this.#options.log.warn([text, ...lines].join('\n  '))
  }

  async #collect (step: Promise<void>): Promise<void> {
    try {
      await step
    } catch (error) {
      this.#errors.push(...error instanceof AggregateError ? error.errors as unknown[] : [error])
    }
  }
}
