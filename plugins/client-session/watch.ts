/**
 * What can end a request from outside: its total time limit and the caller's signal.
 *
 * @module
 */

import { setMaxListeners } from 'node:events'
import { TimeoutError } from './errors.ts'

/** One for each call, over all its redirects and tries, up to the end of its body. */
export class Watch {
  #signals: AbortSignal[]
  #timer: NodeJS.Timeout | undefined
  #error: Error | undefined
  /** What the request does at the moment, as the way to end it. */
  #end: ((error: Error) => void) | undefined
  #rejectRace: ((error: Error) => void) | undefined
  readonly #onAbort = (event: Event) => { this.fail(abortError(event.target as AbortSignal)) }

  constructor (total: number, ...signals: (AbortSignal | undefined)[]) {
    if (total > 0) {
      this.#timer = setTimeout(() => { this.fail(new TimeoutError(`The request took longer than ${total} ms`)) }, total)
    }
    this.#signals = signals.filter(signal => signal !== undefined)
    for (const signal of this.#signals) this.#listen(signal)
  }

  /** What has ended the request. */
  get error (): Error | undefined {
    return this.#error
  }

  /** From now on, this is how the request is ended. @throws what has ended it already */
  during (end: (error: Error) => void): void {
    this.check()
    this.#end = end
  }

  /** @throws what has ended the request */
  check (): void {
    if (this.#error !== undefined) throw this.#error
  }

  /** The same promise, but rejected when the request is ended: for code that nobody else can stop. */
  async race<T> (promise: Promise<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      this.#rejectRace = reject
      promise.then(resolve, reject)
    })
  }

  /** Ends the request. */
  fail (error: Error): void {
    if (this.#error !== undefined) return
    this.#error = error
    const end = this.#end
    this.stop()
    end?.(error)
    this.#rejectRace?.(error)
  }

  /** The request is over. */
  stop (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#end = undefined
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#onAbort)
    this.#signals = []
  }

  #listen (signal: AbortSignal): void {
    if (signal.aborted) {
      this.#error ??= abortError(signal)
      return
    }
    // One signal for many requests is what signals are for: no reason for a warning.
    setMaxListeners(0, signal)
    signal.addEventListener('abort', this.#onAbort)
  }
}

/** The reason the caller gave, else an `AbortError`. */
function abortError (signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new DOMException('The request was aborted', 'AbortError')
}
