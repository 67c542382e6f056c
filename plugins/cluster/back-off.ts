/**
 * How long to wait before the next worker is forked, and when to give up.
 *
 * @module
 */

/** The first wait; each further one is twice as long. In milliseconds. */
const FIRST_WAIT = 100

/** The longest wait, in milliseconds. */
const LONGEST_WAIT = 30_000

/** Counts workers that did not live long. */
export class BackOff {
  #failures = 0
  readonly #minUptime: number

  constructor (minUptime: number) {
    this.#minUptime = minUptime
  }

  /** How many workers in a row did not live long. */
  get failures (): number {
    return this.#failures
  }

  /** Notes the end of a worker that had been ready for `uptime` milliseconds. */
  note (uptime: number): void {
    if (uptime >= this.#minUptime) this.#failures = 0
    else this.#failures += 1
  }

  /** Forgets what was: new code may have cured it. */
  reset (): void {
    this.#failures = 0
  }

  /** Milliseconds to wait: nothing after the first failure, then more and more. */
  get wait (): number {
    if (this.#failures < 2) return 0
    return Math.min(FIRST_WAIT * 2 ** (this.#failures - 2), LONGEST_WAIT)
  }
}
