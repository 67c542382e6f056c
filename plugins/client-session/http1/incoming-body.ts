/**
 * The body of a response on its way from the socket to whoever reads it, with back-pressure.
 *
 * @module
 */

import { ClientPayloadError } from '../errors.ts'
import type { BodySource } from '../types.ts'
import type { BodySink } from './body.ts'

/** How a body slows its sender down. */
export interface Flow {
  pause (): void
  resume (): void
  /** Nobody wants the rest. */
  stop (): void
}

/** A queue of pieces; what came before an error can be read, then comes the error, again and again. */
export class IncomingBody implements BodySource, BodySink {
  readonly #flow: Flow
  readonly #highWater: number
  readonly #limit: number
  readonly #pieces: { data: Buffer, chunkEnded: boolean }[] = []
  #next = 0
  #waiting = 0
  #paused = false
  #complete = false
  #error: Error | undefined
  #wake: (() => void) | undefined
  #raw = 0
  #chunkEnded = false

  /** `limit` is how many bytes there may be in all. */
  constructor (flow: Flow, highWater: number, limit: number) {
    this.#flow = flow
    this.#highWater = highWater
    this.#limit = limit
  }

  get ended (): boolean {
    return this.#complete && this.#next === this.#pieces.length
  }

  /** Whether everything has come, read or not. */
  get complete (): boolean {
    return this.#complete
  }

  get error (): Error | undefined {
    return this.#error
  }

  get rawBytes (): number {
    return this.#raw
  }

  get chunkEnded (): boolean {
    return this.#chunkEnded
  }

  push (data: Buffer, chunkEnded: boolean): void {
    if (this.#error !== undefined) return
    this.#raw += data.length
    if (this.#raw > this.#limit) {
      this.refuse()
      return
    }
    this.#waiting += data.length
    this.#pieces.push({ data, chunkEnded })
    if (this.#waiting > this.#highWater && !this.#paused) {
      this.#paused = true
      this.#flow.pause()
    }
    this.#notify()
  }

  /** It is larger than it may be: what has come of it is forgotten, what is left is not wanted. */
  refuse (): void {
    this.fail(new ClientPayloadError(`The body is larger than the ${this.#limit} bytes of maxBodySize`), true)
    this.#flow.stop()
  }

  /** No more will come. */
  end (): void {
    this.#complete = true
    this.#notify()
  }

  /** With `drop`, what has come already is not given out any more. */
  fail (error: Error, drop: boolean): void {
    if (this.#complete || this.#error !== undefined) return
    this.#error = error
    if (drop) this.#next = this.#pieces.length = 0
    this.#notify()
  }

  poll (): Buffer | null | undefined {
    const piece = this.#pieces[this.#next]
    if (piece === undefined) {
      if (this.#error !== undefined) throw this.#error
      return this.#complete ? null : undefined
    }
    this.#next++
    if (this.#next === this.#pieces.length) this.#next = this.#pieces.length = 0
    this.#waiting -= piece.data.length
    this.#chunkEnded = piece.chunkEnded
    if (this.#paused && this.#waiting <= this.#highWater / 2) {
      this.#paused = false
      this.#flow.resume()
    }
    return piece.data
  }

  async next (): Promise<Buffer | null> {
    for (;;) {
      const found = this.poll()
      if (found !== undefined) return found
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }

  stop (): void {
    this.#flow.stop()
  }

  #notify (): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
