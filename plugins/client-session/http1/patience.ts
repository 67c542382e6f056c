/**
 * A limit on silence: it runs out unless something happens.
 *
 * @module
 */

/** Starts with the first `touch()` and again with each further one. */
export class Patience {
  readonly #limit: number
  readonly #onEnd: () => void
  #timer: NodeJS.Timeout | undefined

  constructor (limit: number, onEnd: () => void) {
    this.#limit = limit
    this.#onEnd = onEnd
  }

  touch (): void {
    if (this.#timer === undefined) this.#timer = setTimeout(this.#onEnd, this.#limit)
    else this.#timer.refresh()
  }

  stop (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
