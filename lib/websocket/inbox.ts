/**
 * Received messages that nobody has taken yet, and the one who waits for the next.
 *
 * Bounded: when too much is unread the source is told to stop, and to go on when half of it is taken. A peer
 * that floods a busy handler so fills its own send buffer instead of our memory.
 *
 * @module
 */

import { Message, WSMsgType, type WSMessage } from './message.ts'

/** How much may be unread before the source is paused. */
const maxMessages = 64
const maxBytes = 65_536

/** What an inbox tells and asks its owner: one table serves all owners of a class. */
export interface InboxEvents<Owner> {
  /** Nothing more should come for now. */
  full (owner: Owner): void
  /** More may come. */
  free (owner: Owner): void
  /** A message has found its receiver. */
  taken (owner: Owner, message: WSMessage): void
  /** The error of a receiver who got nothing for so many milliseconds. */
  late (owner: Owner, timeout: number): Error
}

/** How a message is given to whoever waits. */
type Convert = (message: WSMessage) => unknown

interface Entry {
  readonly message: WSMessage
  readonly bytes: number
}

/** What ends the wait of a receiver besides a message. */
interface Limits {
  readonly timer: NodeJS.Timeout | undefined
  /** Takes the listener off the signal. */
  readonly release: () => void
}

/** A queue with one reader. Most are empty, and somebody waits without limits. */
export class Inbox<Owner> {
  readonly #owner: Owner
  readonly #events: InboxEvents<Owner>
  #queue: Entry[] | undefined
  #head = 0
  #bytes = 0
  #paused = false
  #ended = false
  /** Of the promise of the one who waits. */
  #resolve: ((value: unknown) => void) | undefined
  #convert: Convert | undefined
  #limits: Limits | undefined

  constructor (owner: Owner, events: InboxEvents<Owner>) {
    this.#owner = owner
    this.#events = events
  }

  /** Whether somebody waits for a message. */
  get waiting (): boolean {
    return this.#resolve !== undefined
  }

  /** Whether the source has been told to stop. */
  get paused (): boolean {
    return this.#paused
  }

  /** Whether nothing is left and nothing will come. */
  get drained (): boolean {
    return this.#ended && this.#queue === undefined
  }

  /** Adds a message; ignored after the end. */
  push (message: WSMessage, bytes = 0): void {
    if (this.#ended) return
    if (this.#resolve !== undefined) return this.#settle(message)
    const queue = this.#queue ??= []
    queue.push({ message, bytes })
    this.#bytes += bytes
    const full = queue.length - this.#head > maxMessages || this.#bytes > maxBytes
    if (full && !this.#paused) {
      this.#paused = true
      this.#events.full(this.#owner)
    }
  }

  /** The next message; after the end CLOSED. One caller at a time. */
  take (timeout: number | null, signal?: AbortSignal): Promise<WSMessage> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const next = this.#next()
    if (next !== undefined) return Promise.resolve(next)
    return new Promise((resolve, reject) => {
      this.#wait(resolve)
      if (timeout !== null || signal !== undefined) this.#limit(reject, timeout, signal)
    })
  }

  /** As `take()` without limits, in another shape. */
  takeAs<Shape> (convert: (message: WSMessage) => Shape): Promise<Shape> {
    const next = this.#next()
    if (next !== undefined) return Promise.resolve(convert(next))
    return new Promise(resolve => this.#wait(resolve, convert))
  }

  /** Starts the time of whoever waits anew: a frame came that is not shown. */
  touch (): void {
    this.#limits?.timer?.refresh()
  }

  /** Nothing more will come: what is queued can still be taken. */
  end (): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#resolve !== undefined) this.#settle(new Message(WSMsgType.CLOSED, null))
  }

  /** Drops what is queued, wakes the reader with CLOSING and lets the source flow. */
  abandon (): void {
    this.#empty()
    if (this.#resolve !== undefined) this.#settle(new Message(WSMsgType.CLOSING, null))
    this.#ended = true
    this.#free()
  }

  #wait<Value> (resolve: (value: Value) => void, convert?: Convert): void {
    this.#resolve = resolve as (value: unknown) => void
    this.#convert = convert
  }

  #limit (reject: (reason: unknown) => void, timeout: number | null, signal: AbortSignal | undefined): void {
    const giveUp = (reason: unknown) => {
      this.#leave()
      reject(reason)
    }
    const timer = timeout === null
      ? undefined
      : setTimeout(() => giveUp(this.#events.late(this.#owner, timeout)), timeout)
    const onAbort = () => giveUp(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    this.#limits = { timer, release: () => signal?.removeEventListener('abort', onAbort) }
  }

  #settle (message: WSMessage): void {
    const resolve = this.#resolve
    const convert = this.#convert
    this.#leave()
    this.#events.taken(this.#owner, message)
    resolve?.(convert === undefined ? message : convert(message))
  }

  /** The one who waits does so no more. */
  #leave (): void {
    const limits = this.#limits
    this.#resolve = undefined
    this.#convert = undefined
    this.#limits = undefined
    clearTimeout(limits?.timer)
    limits?.release()
  }

  /** What need not be waited for. */
  #next (): WSMessage | undefined {
    const entry = this.#queue?.[this.#head]
    if (entry === undefined) return this.#ended ? new Message(WSMsgType.CLOSED, null) : undefined
    const unread = (this.#queue?.length ?? 0) - ++this.#head
    this.#bytes -= entry.bytes
    if (unread === 0) this.#empty()
    if (this.#paused && unread <= maxMessages / 2 && this.#bytes <= maxBytes / 2) this.#free()
    this.#events.taken(this.#owner, entry.message)
    return entry.message
  }

  #empty (): void {
    this.#queue = undefined
    this.#head = 0
    this.#bytes = 0
  }

  #free (): void {
    if (!this.#paused) return
    this.#paused = false
    this.#events.free(this.#owner)
  }
}
