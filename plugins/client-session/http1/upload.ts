/**
 * A request on its way to the server: its head and its body, no faster than the server takes them.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import { ClientPayloadError } from '../errors.ts'

/** What is sent. */
export interface Outgoing {
  /** Request line and headers with the empty line behind them. */
  readonly head: string
  readonly body: Buffer | AsyncIterable<Buffer> | null
  /** Whether the body goes as HTTP chunks. */
  readonly chunked: boolean
  /** What Content-Length says; beyond it the body is cut. */
  readonly length: number | null
  /** Whether the body waits for the server to say that it wants it. */
  readonly expectContinue: boolean
  /** Told after each piece; the next one waits. */
  readonly onChunkSent?: ((chunk: Buffer) => void | Promise<void>) | undefined
}

/** What the upload tells about itself. */
export interface UploadWatcher {
  /** The socket takes no more for now. */
  onBlocked (): void
  /** Something was written, or the socket takes more again. */
  onProgress (): void
  onDone (): void
  onFailed (error: Error): void
}

/** Bodies up to this size are written at once, in bytes. */
const small = 64 * 1024

/** One request being sent. */
export class Upload {
  readonly #socket: Duplex
  readonly #outgoing: Outgoing
  readonly #watcher: UploadWatcher
  #stopped = false
  #sent = 0
  #goOn: (() => void) | undefined

  constructor (socket: Duplex, outgoing: Outgoing, watcher: UploadWatcher) {
    this.#socket = socket
    this.#outgoing = outgoing
    this.#watcher = watcher
  }

  /** Bytes of the body that were handed to the socket. */
  get sent (): number {
    return this.#sent
  }

  start (): void {
    const { head, body, expectContinue, chunked, onChunkSent } = this.#outgoing
    if (body === null) {
      this.#socket.write(head)
      this.#watcher.onDone()
    } else if (expectContinue) {
      this.#socket.write(head)
    } else if (Buffer.isBuffer(body) && body.length <= small && !chunked && onChunkSent === undefined) {
      this.#writeAtOnce(head, body)
    } else {
      this.#socket.write(head)
      this.continue()
    }
  }

  /** Sends the body now. */
  continue (): void {
    this.#writeBody().catch((error: unknown) => {
      if (!this.#stopped) this.#watcher.onFailed(error instanceof Error ? error : new Error(String(error)))
    })
  }

  /** Gives up what has not been sent yet. */
  stop (): void {
    this.#stopped = true
    this.drained()
  }

  /** The socket takes more again. */
  drained (): void {
    const goOn = this.#goOn
    this.#goOn = undefined
    goOn?.()
  }

  /** One packet for a small request. */
  #writeAtOnce (head: string, body: Buffer): void {
    this.#socket.cork()
    this.#socket.write(head)
    this.#socket.write(this.#cut(body))
    this.#socket.uncork()
    this.#checkLength()
    this.#watcher.onDone()
  }

  async #writeBody (): Promise<void> {
    const { body, chunked, onChunkSent } = this.#outgoing
    for await (const whole of piecesOf(body)) {
      if (this.#stopped) return
      const chunk = this.#cut(whole)
      if (chunk.length === 0) continue
      const more = chunked ? this.#writeChunk(chunk) : this.#socket.write(chunk)
      this.#watcher.onProgress()
      if (onChunkSent !== undefined) await onChunkSent(chunk)
      if (!more && !this.#stopped && this.#socket.writableNeedDrain) {
        this.#watcher.onBlocked()
        await new Promise<void>(resolve => { this.#goOn = resolve })
        if (this.#stopped) return
        this.#watcher.onProgress()
      }
    }
    if (this.#stopped) return
    if (chunked) this.#socket.write('0\r\n\r\n')
    this.#checkLength()
    this.#watcher.onDone()
  }

  #writeChunk (chunk: Buffer): boolean {
    this.#socket.cork()
    this.#socket.write(`${chunk.length.toString(16)}\r\n`)
    this.#socket.write(chunk)
    const more = this.#socket.write('\r\n')
    this.#socket.uncork()
    return more
  }

  #cut (chunk: Buffer): Buffer {
    const { length } = this.#outgoing
    const left = length === null ? chunk.length : length - this.#sent
    const cut = chunk.length > left ? chunk.subarray(0, left) : chunk
    this.#sent += cut.length
    return cut
  }

  #checkLength (): void {
    const { length } = this.#outgoing
    if (length !== null && this.#sent < length) {
      throw new ClientPayloadError(`The body has ${this.#sent} of the ${length} bytes that Content-Length announced`)
    }
  }
}

/** A large buffer in pieces, so that progress can be seen. */
async function * piecesOf (body: Buffer | AsyncIterable<Buffer> | null): AsyncGenerator<Buffer, void, void> {
  if (body === null) return
  if (!Buffer.isBuffer(body)) {
    yield * body
    return
  }
  for (let offset = 0; offset < body.length; offset += small) yield body.subarray(offset, offset + small)
}
