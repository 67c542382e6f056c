/**
 * One background job: waiting for its turn, running, or over.
 *
 * @module
 */

import { checkOptions, milliseconds } from '../../lib/options.ts'
import { AIO_ERR_JOB_CLOSED, AIO_ERR_JOB_TIMEOUT } from './errors.ts'

/** What a job does. The signal aborts when the job is closed; whoever does not look at it cannot be stopped. */
export type JobFunction<T> = (signal: AbortSignal) => T | PromiseLike<T>

/** What a job tells its scheduler. */
export interface JobOwner {
  /** How long a closed job has to end, in milliseconds, unless `close()` says otherwise. */
  readonly closeTimeout: number
  /** Takes the job off the list: it has ended, or nobody waits for its end any more. */
  forget (job: Job): void
  /** Tells of an error that nobody else will see. */
  report (message: string, job: Job, error: unknown): void
}

/** A limit for one wait. */
export interface JobTimeout {
  /** In milliseconds. */
  timeout?: number | undefined
}

/** A job of a scheduler (aiojobs: `Job`). */
export class Job<T = unknown> {
  readonly name: string
  /** When it was spawned, in milliseconds since the epoch. */
  readonly since = Date.now()
  readonly #owner: JobOwner
  readonly #abort = new AbortController()
  readonly #result: Promise<T>
  #state: 'pending' | 'active' | 'ended' = 'pending'
  #awaited = false
  #begin = () => {}
  #cancel: (error: Error) => void = () => {}

  constructor (owner: JobOwner, name: string, work: JobFunction<T>) {
    this.#owner = owner
    this.name = name
    const turn = new Promise<void>((resolve, reject) => {
      this.#begin = resolve
      this.#cancel = reject
    })
    this.#result = turn.then(() => work(this.#abort.signal)).finally(() => this.#end())
    // An error that nobody waits for is reported; it must not end the process as well.
    this.#result.catch((error: unknown) => this.#reportUnseen(error))
  }

  /** Whether it is running. */
  get active (): boolean {
    return this.#state === 'active'
  }

  /** Whether it waits for its turn. */
  get pending (): boolean {
    return this.#state === 'pending'
  }

  /** Resolves when it has ended, however it did. */
  get ended (): Promise<void> {
    return this.#result.then(() => {}, () => {})
  }

  /** Whether it was closed, or has ended. */
  get closed (): boolean {
    return this.#state === 'ended' || this.#abort.signal.aborted
  }

  /**
   * What the job returns.
   *
   * @throws what the job throws; AIO_ERR_JOB_TIMEOUT after `timeout` milliseconds, and the job is closed then;
   *   AIO_ERR_JOB_CLOSED when it never began
   */
  async wait (options: JobTimeout = {}): Promise<T> {
    checkTimeout('job.wait()', options)
    this.#awaited = true
    const ended = await this.#within(options.timeout)
    if (!ended) {
      const error = new AIO_ERR_JOB_TIMEOUT(this.name, options.timeout ?? 0)
      this.#abort.abort(error)
      throw error
    }
    return await this.#result
  }

  /**
   * Aborts the job's signal and waits for its end, `closeTimeout` of the scheduler at most. One that takes longer
   * is reported and left to itself. Never throws for what the job did: that is for `wait()`, or is reported.
   */
  async close (options: JobTimeout = {}): Promise<void> {
    checkTimeout('job.close()', options)
    if (this.#state === 'ended') return
    if (this.pending) this.#cancel(new AIO_ERR_JOB_CLOSED(this.name))
    this.#abort.abort()
    const timeout = options.timeout ?? this.#owner.closeTimeout
    if (await this.#within(timeout)) return
    this.#owner.forget(this)
    this.#owner.report('Job closing timed out', this, new AIO_ERR_JOB_TIMEOUT(this.name, timeout))
  }

  /** Begins; for the scheduler. */
  start (): void {
    this.#state = 'active'
    this.#begin()
  }

  #end (): void {
    this.#state = 'ended'
    this.#owner.forget(this)
  }

  /** A job that ends because it was told to has not failed. */
  #reportUnseen (error: unknown): void {
    const obeyed = this.#abort.signal.aborted &&
      (error === this.#abort.signal.reason || error instanceof AIO_ERR_JOB_CLOSED || isAbort(error))
    if (!this.#awaited && !obeyed) this.#owner.report('Job processing failed', this, error)
  }

  /** Whether the job ends within so many milliseconds; without a limit it does. */
  async #within (timeout: number | undefined): Promise<boolean> {
    const ended = this.#result.then(() => true, () => true)
    if (timeout === undefined) return await ended
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>(resolve => { timer = setTimeout(resolve, timeout, false) })
    try {
      return await Promise.race([ended, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

function checkTimeout (where: string, options: JobTimeout): void {
  checkOptions(where, options, { timeout: milliseconds })
}

function isAbort (error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
