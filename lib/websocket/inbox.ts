/**
 * Received messages that nobody has taken yet, and the one who waits for the next.
 *
 * Bounded: when too much is unread the source is told to stop, and to go on when half of it is taken. A peer
 * that floods a busy handler so fills its own send buffer instead of our memory.
 *
 * @module
 */

import type { Failures } from './failures.ts'
import { Message, WSMsgType, type WSMessage } from './message.ts'

/** How much may be unread before the source is paused. */
const maxMessages = 64
const maxBytes = 65_536

/** Where messages come from. */
export interface Source {
  pause (): void
  resume (): void
}

interface Waiter {
  resolve (message: WSMessage): void
  timer: NodeJS.Timeout | undefined
  /** Takes the listener off the signal. */
  release: (() => void) | undefined
}

/** A queue with one reader. */
export class Inbox {
  readonly #source: Source
  readonly #failures: Failures
  #queue: Array<{ message: WSMessage, bytes: number }> = []
  #head = 0
  #bytes = 0
  #paused = false
  #ended = false
  #waiter: Waiter | undefined

  constructor (source: Source, failures: Failures) {
    this.#source = source
    this.#failures = failures
  }

  /** Whether somebody waits in `take()`. */
  get waiting (): boolean {
    return this.#waiter !== undefined
  }

  /** Whether the source has been told to stop. */
  get paused (): boolean {
    return this.#paused
  }

  /** Whether nothing is left and nothing will come. */
  get drained (): boolean {
    return this.#ended && this.#head === this.#queue.length
  }

  /** Adds a message; ignored after the end. */
  push (message: WSMessage, bytes = 0): void {
    if (this.#ended) return
    if (this.#waiter !== undefined) {
      this.#settle(message)
      return
    }
    this.#queue.push({ message, bytes })
    this.#bytes += bytes
    const full = this.#queue.length - this.#head > maxMessages || this.#bytes > maxBytes
    if (full && !this.#paused) {
      this.#paused = true
      this.#source.pause()
    }
  }

  /** The next message; after the end CLOSED. One caller at a time. */
  take (timeout: number | null, signal?: AbortSignal): Promise<WSMessage> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const next = this.#shift()
    if (next !== undefined) return Promise.resolve(next)
    if (this.#ended) return Promise.resolve(new Message(WSMsgType.CLOSED, null))
    // Most wait like this, and many of them at once.
    if (timeout === null && signal === undefined) {
      return new Promise(resolve => { this.#waiter = { resolve, timer: undefined, release: undefined } })
    }
    return new Promise((resolve, reject) => {
      const giveUp = (reason: unknown) => {
        this.#leave()
        reject(reason)
      }
      const timer = timeout === null
        ? undefined
        : setTimeout(() => giveUp(this.#failures.nothingReceived(timeout)), timeout)
      const onAbort = () => giveUp(signal?.reason)
      signal?.addEventListener('abort', onAbort)
      const release = signal && (() => signal.removeEventListener('abort', onAbort))
      this.#waiter = { resolve, timer, release }
    })
  }

  /** Starts the time of whoever waits anew: a frame came that is not shown. */
  touch (): void {
    this.#waiter?.timer?.refresh()
  }

  /** Nothing more will come: what is queued can still be taken. */
  end (): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#waiter !== undefined) this.#settle(new Message(WSMsgType.CLOSED, null))
  }

  /** Drops what is queued, wakes the reader with CLOSING and lets the source flow. */
  abandon (): void {
    this.#queue = []
    this.#head = 0
    this.#bytes = 0
    if (this.#waiter !== undefined) this.#settle(new Message(WSMsgType.CLOSING, null))
    this.#ended = true
    this.#resume()
  }

  #settle (message: WSMessage): void {
    this.#leave()?.resolve(message)
  }

  /** The one who waits does so no more. */
  #leave (): Waiter | undefined {
    const waiter = this.#waiter
    this.#waiter = undefined
    clearTimeout(waiter?.timer)
    waiter?.release?.()
    return waiter
  }

  #shift (): WSMessage | undefined {
    const entry = this.#queue[this.#head]
    if (entry === undefined) return undefined
    this.#head++
    this.#bytes -= entry.bytes
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    }
    if (this.#paused && this.#queue.length - this.#head <= maxMessages / 2 && this.#bytes <= maxBytes / 2) {
      this.#resume()
    }
    return entry.message
  }

  #resume (): void {
    if (!this.#paused) return
    this.#paused = false
    this.#source.resume()
  }
}
