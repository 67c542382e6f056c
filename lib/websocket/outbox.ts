/**
 * Frames on their way out: joined per turn of the event loop, and slowed down to the speed of the peer.
 *
 * @module
 */

import type { Failures } from './failures.ts'
import type { Compression, FrameSocket } from './socket.ts'
import type { Sent } from './writer.ts'

/** How one message is sent. */
export interface SendOptions {
  /**
   * Compresses this message, provided compression was negotiated.
   *
   * @default true
   */
  compress?: boolean
}

/** Writes a frame; `sent` is called when the socket has taken it. */
export type Write = (socket: FrameSocket, sent?: Sent) => void

/** What became of a message for one of many receivers. */
export type Delivery = 'sent' | 'slow' | 'closed'

/** A message that goes to many. */
export interface SharedFrame {
  readonly data: Buffer
  readonly binary: boolean
  /** Whether those get it compressed who need a frame of their own for that. */
  readonly compress: boolean
  /** Whether it follows another one in this turn. */
  readonly joined: boolean
  /** The whole frame for a receiver; `undefined` if it has to be made for this one alone. */
  frameFor (compression: Compression | undefined): Buffer | undefined
}

/** The sending side of one websocket. */
export class Outbox {
  readonly #socket: FrameSocket
  readonly #limit: number
  readonly #failures: Failures
  #corked = false

  /** @param limit bytes that may wait for the socket before a send waits too */
  constructor (socket: FrameSocket, limit: number, failures: Failures) {
    this.#socket = socket
    this.#limit = limit
    this.#failures = failures
  }

  /**
   * Sends one frame of about so many bytes. The rejection of a connection that has closed may be left
   * unhandled: peers go at any time, and that must not end the process.
   *
   * @throws what `failures.closed()` makes
   */
  send (action: string, bytes: number, write: Write): Promise<void> {
    const socket = this.#socket
    if (!socket.open) return quiet(Promise.reject(this.#failures.closed(action)))
    this.#cork()
    if (socket.bufferedAmount + bytes <= this.#limit) {
      write(socket)
      return Promise.resolve()
    }
    return quiet(new Promise((resolve, reject) => {
      write(socket, error => error == null ? resolve() : reject(this.#failures.closed(action, error)))
    }))
  }

  /** Sends a message that others get too, unless too much waits already. */
  deliver (message: SharedFrame): Delivery {
    const socket = this.#socket
    if (!socket.open) return 'closed'
    if (socket.bufferedAmount > this.#limit) return 'slow'
    // The first leaves at once: to wait for more costs as much for each receiver as most of the write itself.
    if (message.joined) this.#cork()
    const frame = message.frameFor(socket.agreed.compression)
    // Behind a message that is being compressed it has to queue, as ws can only do it itself.
    if (frame === undefined || !socket.sendShared(frame)) {
      socket.send(message.data, { binary: message.binary, compress: message.compress })
    }
    return 'sent'
  }

  /** Frames written in this turn leave in one write, several times faster than one write for each. */
  #cork (): void {
    if (this.#corked) return
    this.#corked = true
    this.#socket.stream.cork()
    process.nextTick(Outbox.#uncork, this)
  }

  static #uncork (outbox: Outbox): void {
    outbox.#corked = false
    outbox.#socket.stream.uncork()
  }
}

function quiet (promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}
