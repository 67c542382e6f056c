/**
 * Counts frames against a limit: so many at once, and as many again over each interval.
 *
 * @module
 */

import type { RateLimitOptions } from './options.ts'

/** A bucket that fills again with time. */
export class RateLimit {
  readonly #size: number
  readonly #perMillisecond: number
  #left: number
  #filledAt = performance.now()

  constructor ({ messages, interval }: RateLimitOptions) {
    this.#size = messages
    this.#perMillisecond = messages / interval
    this.#left = messages
  }

  /** Notes a frame; true if it is one too many. */
  exceeded (): boolean {
    const now = performance.now()
    this.#left = Math.min(this.#size, this.#left + (now - this.#filledAt) * this.#perMillisecond)
    this.#filledAt = now
    if (this.#left < 1) return true
    this.#left -= 1
    return false
  }
}
