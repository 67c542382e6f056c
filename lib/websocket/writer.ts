/**
 * Messages as frames on a stream.
 *
 * Frames without mask and compression, which is most of what a server sends, are made here; for all others there is
 * the writer of `ws`, which is made when the first of them is sent.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import { frame, frameHead, largeMessage } from './frame.ts'
import { WSCloseCode, WSMsgType } from './message.ts'
import { deflateName, Sender, type Deflate, type FrameSender } from './parts.ts'

/** Bytes that can be sent. */
export type Bytes = Buffer | Uint8Array | ArrayBuffer

/** Told what became of a frame. */
export type Sent = (error?: Error | null) => void

/** How a message becomes a frame. */
export interface SendFrame {
  readonly binary: boolean
  readonly compress: boolean
}

/** Writes to one connection. */
export class FrameWriter {
  readonly #stream: Duplex
  readonly #masks: boolean
  readonly #deflate: Deflate | undefined
  #sender: FrameSender | undefined
  /** Bytes that are being compressed, or wait for that. */
  #compressing = 0

  /** @param masks a client's frames have a mask */
  constructor (stream: Duplex, masks: boolean, deflate: Deflate | undefined) {
    this.#stream = stream
    this.#masks = masks
    this.#deflate = deflate
  }

  /** Bytes that wait to be sent. */
  get waiting (): number {
    return this.#stream.writableLength + this.#compressing
  }

  /** Sends a message. */
  message (data: string | Bytes, { binary, compress }: SendFrame, sent?: Sent): void {
    const shrinks = compress && this.#deflate !== undefined
    if (!shrinks && this.#isPlain) {
      this.#write(binary ? WSMsgType.BINARY : WSMsgType.TEXT, data, sent)
      return
    }
    // What follows a message that is being compressed waits for it.
    const bytes = shrinks || this.#compressing > 0 ? Buffer.byteLength(data) : 0
    this.#compressing += bytes
    this.#theirs.send(data, { binary, compress: shrinks, fin: true, mask: this.#masks }, error => {
      this.#compressing -= bytes
      sent?.(error)
    })
  }

  /** Sends a PING or PONG with at most 125 bytes. */
  control (action: 'ping' | 'pong', data: string | Bytes, sent?: Sent): void {
    if (this.#isPlain) this.#write(action === 'ping' ? WSMsgType.PING : WSMsgType.PONG, data, sent)
    else this.#theirs[action](data, this.#masks, sent)
  }

  /** Sends a frame that others get, too; false where it has to be made for this one. */
  shared (bytes: Buffer): boolean {
    if (this.#masks || this.#compressing > 0) return false
    this.#stream.write(bytes)
    return true
  }

  /** Sends a close frame, 1005 one without a code; `sent` is called when nothing waits in front of it. */
  close (code: number, reason: string, sent: Sent): void {
    const hasCode = code !== WSCloseCode.NO_STATUS_RECEIVED
    if (!this.#isPlain) return this.#theirs.close(hasCode ? code : undefined, reason, this.#masks, sent)
    const data = Buffer.from(hasCode ? `\0\0${reason}` : '')
    if (hasCode) data.writeUInt16BE(code)
    this.#write(WSMsgType.CLOSE, data, undefined)
    sent()
  }

  /** Whether frames need no help: they have no mask, and there is nothing compressed that they could overtake. */
  get #isPlain (): boolean {
    return this.#sender === undefined && !this.#masks
  }

  get #theirs (): FrameSender {
    this.#sender ??= new Sender(this.#stream, this.#deflate === undefined ? {} : { [deflateName]: this.#deflate })
    return this.#sender
  }

  #write (opcode: number, data: string | Bytes, sent: Sent | undefined): void {
    const stream = this.#stream
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data
    if (typeof bytes === 'string' || bytes.length < largeMessage) {
      stream.write(frame(opcode, bytes), sent)
      return
    }
    stream.cork()
    stream.write(frameHead(opcode, bytes.length))
    stream.write(bytes, sent)
    stream.uncork()
  }
}

/** Whether a value is bytes that can be sent. */
export function isBytes (value: unknown): value is Bytes {
  return value instanceof Uint8Array || value instanceof ArrayBuffer
}
