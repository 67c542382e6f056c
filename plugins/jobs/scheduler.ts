/**
 * The scheduler: so many jobs at once, so many waiting, and one end for all of them.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { checkOptions, describe, func, integer, milliseconds, nonEmptyString, type Shape } from '../../lib/options.ts'
import { AIO_ERR_SCHEDULER_CLOSED } from './errors.ts'
import { Job, type JobFunction, type JobOwner, type JobTimeout } from './job.ts'

/** What an exception handler is told. */
export interface JobFailure {
  /** `Job processing failed` or `Job closing timed out`. */
  readonly message: string
  readonly job: Job
  readonly error: unknown
}

/** Options of a scheduler. */
export interface SchedulerOptions {
  /**
   * How many jobs run at once; 0 is without limit.
   *
   * @default 100
   */
  limit?: number | undefined
  /**
   * How many jobs may wait for their turn before `spawn()` itself waits; 0 is without limit.
   *
   * @default 10_000
   */
  pendingLimit?: number | undefined
  /**
   * How long a closed job has to end, in milliseconds.
   *
   * @default 100
   */
  closeTimeout?: number | undefined
  /**
   * How long `waitAndClose()` waits for jobs before it closes them, in milliseconds.
   *
   * @default 60_000
   */
  waitTimeout?: number | undefined
  /**
   * Gets errors that nobody waits for.
   *
   * @default writes them to `console.error`; in an app, to its log
   */
  exceptionHandler?: ((failure: JobFailure) => void) | undefined
}

/** Options of one job. */
export interface JobOptions {
  /**
   * What reports call it.
   *
   * @default the function's name
   */
  name?: string | undefined
}

const shape: Shape<SchedulerOptions> = {
  limit: integer(0),
  pendingLimit: integer(0),
  closeTimeout: milliseconds,
  waitTimeout: milliseconds,
  exceptionHandler: func
}

/** Runs background jobs (aiojobs: `Scheduler`). */
export class Scheduler implements AsyncDisposable, Iterable<Job> {
  readonly closeTimeout: number
  readonly waitTimeout: number
  readonly #limit: number
  readonly #pendingLimit: number
  readonly #handle: (failure: JobFailure) => void
  readonly #owner: JobOwner
  readonly #jobs = new Set<Job>()
  readonly #pending = new Set<Job>()
  readonly #shields = new Set<PromiseLike<unknown>>()
  /** Calls of `spawn()` that wait for a place among the pending. */
  readonly #waiters: (() => void)[] = []
  #closed = false

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: SchedulerOptions = {}) {
    checkOptions('Scheduler', options, shape)
    this.#limit = (options.limit ?? 100) || Infinity
    this.#pendingLimit = (options.pendingLimit ?? 10_000) || Infinity
    this.closeTimeout = options.closeTimeout ?? 100
    this.waitTimeout = options.waitTimeout ?? 60_000
    this.#handle = options.exceptionHandler ?? (({ message, job, error }) => console.error(message, job.name, error))
    this.#owner = {
      closeTimeout: this.closeTimeout,
      forget: job => this.#forget(job),
      report: (message, job, error) => this.#report({ message, job, error })
    }
  }

  /** How many jobs run now. */
  get activeCount (): number {
    return this.#jobs.size - this.#pending.size
  }

  /** How many jobs wait for their turn. */
  get pendingCount (): number {
    return this.#pending.size
  }

  /** How many jobs there are, running and waiting. */
  get size (): number {
    return this.#jobs.size
  }

  /** Whether it takes no jobs any more. */
  get closed (): boolean {
    return this.#closed
  }

  has (job: Job): boolean {
    return this.#jobs.has(job)
  }

  [Symbol.iterator] (): Iterator<Job> {
    return this.#jobs.values()
  }

  /**
   * Starts a job, or puts it in line when `limit` jobs run; waits while `pendingLimit` jobs are in line.
   *
   * @throws AIO_ERR_SCHEDULER_CLOSED, AIO_ERR_ARGUMENT_INVALID
   */
  async spawn<T> (work: JobFunction<T>, options: JobOptions = {}): Promise<Job<T>> {
    if (typeof work !== 'function') {
      throw new AIO_ERR_ARGUMENT_INVALID('job', 'spawn()', 'a function', describe(work))
    }
    checkOptions('spawn()', options, { name: nonEmptyString })
    const name = options.name ?? (work.name || 'anonymous')
    while (!this.#closed && this.activeCount >= this.#limit && this.#pending.size >= this.#pendingLimit) {
      await new Promise<void>(resolve => { this.#waiters.push(resolve) })
    }
    if (this.#closed) throw new AIO_ERR_SCHEDULER_CLOSED(name)
    const job = new Job(this.#owner, name, work)
    const startsNow = this.activeCount < this.#limit
    this.#jobs.add(job)
    if (startsNow) job.start()
    else this.#pending.add(job)
    return job
  }

  /** Hands a promise back, and has `waitAndClose()` wait for it: for work that must not be left half done. */
  shield<T> (promise: PromiseLike<T>): Promise<T> {
    const shielded = Promise.resolve(promise)
    this.#shields.add(shielded)
    const forget = () => { this.#shields.delete(shielded) }
    shielded.then(forget, forget)
    return shielded
  }

  /** Waits for all jobs and shields, `timeout` milliseconds at most (default: `waitTimeout`), then closes. */
  async waitAndClose (options: JobTimeout = {}): Promise<void> {
    checkOptions('waitAndClose()', options, { timeout: milliseconds })
    const timeout = options.timeout ?? this.waitTimeout
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => { timer = setTimeout(resolve, timeout) })
    await Promise.race([this.#idle(), late])
    clearTimeout(timer)
    await this.close()
  }

  /** Takes no more jobs, closes those there are, and waits `closeTimeout` milliseconds at most for each. */
  async close (): Promise<void> {
    this.#closed = true
    for (const resume of this.#waiters.splice(0)) resume()
    // Those in line first: none of them must begin because another one ends.
    const jobs = [...this.#pending, ...this.#jobs]
    await Promise.all(jobs.map(job => job.close()))
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.waitAndClose()
  }

  /** Resolves when there is neither a job nor a shield; jobs may spawn others meanwhile. */
  async #idle (): Promise<void> {
    while (this.#jobs.size + this.#shields.size > 0 && !this.#closed) {
      await Promise.allSettled([...this.#shields, ...[...this.#jobs].map(job => job.ended)])
    }
  }

  #forget (job: Job): void {
    this.#jobs.delete(job)
    this.#pending.delete(job)
    for (const next of this.#pending) {
      if (this.#closed || this.activeCount >= this.#limit) break
      this.#pending.delete(next)
      next.start()
    }
    this.#waiters.shift()?.()
  }

  #report (failure: JobFailure): void {
    try {
      this.#handle(failure)
    } catch (error) {
      // A handler that fails must not take the job's place in the log, nor the process with it.
      console.error(failure.message, failure.job.name, failure.error, error)
    }
  }
}
