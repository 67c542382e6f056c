/**
 * Frames on their way out: joined per turn of the event loop, and slowed down to the speed of the peer.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import type { Failures } from './failures.ts'
import type { FrameSocket, Sent } from './socket.ts'

/** How one message is sent. */
export interface SendOptions {
  /**
   * Compresses this message, provided compression was negotiated.
   *
   * @default true
   */
  compress?: boolean
}

/** Bytes that can be sent. */
export type Bytes = Buffer | Uint8Array | ArrayBuffer

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
  /** The whole frame for a receiver; `undefined` if it has to be made for this one alone. */
  frameFor (receiver: Pick<FrameSocket, 'windowBits' | 'noContextTakeover'>): Buffer | undefined
}

/** The sending side of one websocket. */
export class Outbox {
  readonly #socket: FrameSocket
  readonly #transport: Duplex
  readonly #limit: number
  readonly #failures: Failures
  #corked = false

  /** @param limit bytes that may wait for the socket before a send waits too */
  constructor (socket: FrameSocket, transport: Duplex, limit: number, failures: Failures) {
    this.#socket = socket
    this.#transport = transport
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
    if (socket.readyState !== socket.OPEN) return quiet(Promise.reject(this.#failures.closed(action)))
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
    if (socket.readyState !== socket.OPEN) return 'closed'
    const waiting = socket.bufferedAmount
    if (waiting > this.#limit) return 'slow'
    this.#cork()
    const frame = message.frameFor(socket)
    // Behind a message that is being compressed it has to queue, as ws can only do it itself.
    if (frame === undefined || waiting > this.#transport.writableLength) {
      socket.send(message.data, { binary: message.binary, compress: message.compress })
    } else {
      this.#transport.write(frame)
    }
    return 'sent'
  }

  /** Frames written in this turn leave in one write, several times faster than one write for each. */
  #cork (): void {
    if (this.#corked) return
    this.#corked = true
    this.#transport.cork()
    process.nextTick(() => {
      this.#corked = false
      this.#transport.uncork()
    })
  }
}

function quiet (promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}

/** Whether a value is bytes that can be sent. */
export function isBytes (value: unknown): value is Bytes {
  return value instanceof Uint8Array || value instanceof ArrayBuffer
}
