/**
 * Frames on their way out: joined per turn of the event loop, and slowed down to the speed of the peer.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import { AIO_ERR_WS_CLOSED } from '../../lib/errors.ts'
import type { Delivery, SharedMessage } from './broadcast.ts'
import type { DeferredCloseSocket } from './socket.ts'

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
export type Write = (socket: DeferredCloseSocket, sent?: (error?: Error | null) => void) => void

/** The sending side of one websocket. */
export class Outbox {
  readonly #socket: DeferredCloseSocket
  readonly #transport: Duplex
  readonly #limit: number
  #corked = false

  /** @param limit bytes that may wait for the socket before a send waits too */
  constructor (socket: DeferredCloseSocket, transport: Duplex, limit: number) {
    this.#socket = socket
    this.#transport = transport
    this.#limit = limit
  }

  /**
   * Sends one frame of about so many bytes. The rejection of a connection that has closed may be left
   * unhandled: peers go at any time, and that must not end the process.
   *
   * @throws AIO_ERR_WS_CLOSED
   */
  send (action: string, bytes: number, write: Write): Promise<void> {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return quiet(Promise.reject(new AIO_ERR_WS_CLOSED(action)))
    this.#cork()
    if (socket.bufferedAmount + bytes <= this.#limit) {
      write(socket)
      return Promise.resolve()
    }
    return quiet(new Promise((resolve, reject) => {
      write(socket, error => error == null ? resolve() : reject(new AIO_ERR_WS_CLOSED(action, { cause: error })))
    }))
  }

  /** Sends a message that others get too, unless too much waits already. */
  deliver (message: SharedMessage): Delivery {
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
