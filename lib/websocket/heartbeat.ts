/**
 * Notices a peer that has gone without saying so: PING after silence, give up after more silence.
 *
 * Any inbound byte counts as life, also half a message. One timer per connection, which is not touched when
 * data comes: it looks at the clock when it fires.
 *
 * @module
 */

/** What a heartbeat watches and does. */
export interface Pulse {
  /** How many bytes have come so far. */
  readonly bytesRead: number
  /** Whether reading is stopped on our side, so that silence means nothing. */
  readonly paused: boolean
  ping (): void
  fail (waited: number): void
}

/** Runs from its creation until `stop()` or its failure. */
export class Heartbeat {
  readonly #interval: number
  readonly #pulse: Pulse
  #timer: NodeJS.Timeout
  #lastSeen = performance.now()
  #bytesRead: number

  /** @param interval milliseconds of silence before a PING; half of it until it fails */
  constructor (interval: number, pulse: Pulse) {
    this.#interval = interval
    this.#pulse = pulse
    this.#bytesRead = pulse.bytesRead
    this.#timer = setTimeout(() => this.#beat(), interval)
  }

  /** Notes that a frame came. */
  seen (): void {
    this.#lastSeen = performance.now()
    this.#bytesRead = this.#pulse.bytesRead
  }

  stop (): void {
    clearTimeout(this.#timer)
  }

  #beat (): void {
    this.#look()
    const rest = this.#lastSeen + this.#interval - performance.now()
    if (rest > 1) {
      this.#timer = setTimeout(() => this.#beat(), rest)
      return
    }
    const asked = performance.now()
    this.#pulse.ping()
    this.#timer = setTimeout(() => this.#verdict(asked), this.#interval / 2)
  }

  #verdict (asked: number): void {
    this.#look()
    if (this.#lastSeen >= asked || this.#pulse.paused) this.#beat()
    else this.#pulse.fail(this.#interval / 2)
  }

  #look (): void {
    if (this.#pulse.bytesRead !== this.#bytesRead || this.#pulse.paused) this.seen()
  }
}
