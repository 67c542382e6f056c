/**
 * Runs checks: at the same time, each with a limit, and never the same one twice at once.
 *
 * @module
 */

import type { ResolvedCheck } from './options.ts'

/** What came of one check. */
export interface CheckResult {
  readonly status: 'ok' | 'failed'
  /** Whether the app is not ready without it. */
  readonly critical: boolean
  /** How long it took, in milliseconds. */
  readonly duration: number
  /** How old the result is, in milliseconds. */
  readonly age: number
  /** Why it failed. */
  readonly error?: string
}

interface Outcome {
  readonly error: string | null
  readonly duration: number
  /** When it was there, by `performance.now()`. */
  readonly at: number
}

/** One check, its last result, and the call that has not ended yet. */
export class Check {
  readonly #options: ResolvedCheck
  #last: Outcome | null = null
  /** What probes wait for; it ends with the limit, at the latest. */
  #waiting: Promise<Outcome> | null = null
  /** Since when a call runs, by `performance.now()`; it may go on long after its limit. */
  #since: number | null = null

  constructor (options: ResolvedCheck) {
    this.#options = options
  }

  get name (): string {
    return this.#options.name
  }

  /** The result, which may be remembered, or that of a call another probe has begun. Never rejects. */
  async result (): Promise<CheckResult> {
    const { cacheTime, critical } = this.#options
    const fresh = this.#last !== null && performance.now() - this.#last.at < cacheTime
    const { error, duration, at } = fresh && this.#last !== null ? this.#last : await this.#outcome()
    return {
      status: error === null ? 'ok' : 'failed',
      critical,
      duration: Math.round(duration),
      age: Math.round(performance.now() - at),
      ...error === null ? {} : { error }
    }
  }

  async #outcome (): Promise<Outcome> {
    if (this.#waiting === null && this.#since !== null) {
      // A call that hangs gets no second one beside it: they would pile up until the process dies of them.
      const duration = performance.now() - this.#since
      return { error: `still running after ${Math.round(duration)} ms`, duration, at: performance.now() }
    }
    this.#waiting ??= this.#call().finally(() => { this.#waiting = null })
    return await this.#waiting
  }

  async #call (): Promise<Outcome> {
    const { timeout } = this.#options
    const since = this.#since = performance.now()
    const abort = new AbortController()
    const call = this.#run(abort.signal).finally(() => { this.#since = null })
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<string>(resolve => {
      timer = setTimeout(() => {
        resolve(`no answer after ${timeout} ms`)
        abort.abort(new DOMException('The health check took too long', 'TimeoutError'))
      }, timeout)
    })
    const error = await Promise.race([call, limit])
    clearTimeout(timer)
    const at = performance.now()
    this.#last = { error, duration: at - since, at }
    return this.#last
  }

  /** Why the check failed, `null` when it did not. Whatever it throws or returns, this never rejects. */
  async #run (signal: AbortSignal): Promise<string | null> {
    try {
      const result = await this.#options.check({ signal })
      return result === false ? 'returned false' : null
    } catch (error) {
      return describeError(error)
    }
  }
}

function describeError (error: unknown): string {
  try {
    return error instanceof Error && error.message !== '' ? error.message : String(error)
  } catch {
    // An object without a prototype has no text.
    return 'threw something that has no text'
  }
}
