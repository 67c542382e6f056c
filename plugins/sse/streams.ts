/**
 * The open streams of an app, and their end.
 *
 * @module
 */

import type { EventSourceResponse } from './response.ts'

/** Every stream that is open. */
export class Streams implements Iterable<EventSourceResponse> {
  readonly #spread: number
  readonly #open = new Set<EventSourceResponse>()
  #stopping = false

  /** `spread`: clients are told to come back after so many milliseconds at most. */
  constructor (spread: number) {
    this.#spread = spread
  }

  /** How many are open. */
  get size (): number {
    return this.#open.size
  }

  [Symbol.iterator] (): Iterator<EventSourceResponse> {
    return this.#open.values()
  }

  add (stream: EventSourceResponse): void {
    this.#open.add(stream)
    // A request that was under way when the app began to stop.
    if (this.#stopping) this.#end(stream)
  }

  delete (stream: EventSourceResponse): void {
    this.#open.delete(stream)
  }

  /** Ends every stream, and those still to come. */
  stop (): void {
    this.#stopping = true
    for (const stream of this.#open) this.#end(stream)
  }

  #end (stream: EventSourceResponse): void {
    if (stream.connected) stream.sendEvent({ retry: Math.round(Math.random() * this.#spread) }).catch(() => {})
    stream.stopStreaming()
  }
}
