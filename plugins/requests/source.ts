/**
 * Chunks of a Node stream, pulled one at a time: what is not asked for stays in the socket.
 *
 * Never destroys the stream: a request whose body was refused still gets its answer, on a connection that lives on.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { AIO_ERR_BODY_READING } from '../../lib/errors.ts'
import { AIO_ERR_BODY_ABORTED } from './errors.ts'

/** Where the bytes of a body come from. */
export interface Source {
  /** The next bytes, `null` at the end. @throws AIO_ERR_BODY_ABORTED, AIO_ERR_BODY_READING */
  next (): Promise<Buffer | null>
  /** Whether nothing is left, as far as that is known without reading. */
  readonly ended: boolean
  /** Bytes taken off the wire, before they were decoded. */
  readonly rawBytes: number
  /** Gives up; the rest is not wanted. */
  stop (): void
}

/** The bytes of a stream as they come. */
export class StreamSource implements Source {
  readonly #stream: Readable
  readonly #done = () => this.#wake?.()
  readonly #fail = (error: Error) => {
    this.#error ??= error
    this.#wake?.()
  }

  #error: Error | undefined
  #wake: (() => void) | undefined
  #listening = false
  #bytes = 0
  #finished = false

  constructor (stream: Readable) {
    this.#stream = stream
  }

  get ended (): boolean {
    const { complete } = this.#stream as { complete?: boolean }
    return this.#stream.readableEnded || (complete === true && this.#stream.readableLength === 0)
  }

  get rawBytes (): number {
    return this.#bytes
  }

  async next (): Promise<Buffer | null> {
    if (this.#wake !== undefined) throw new AIO_ERR_BODY_READING()
    this.#listen()
    for (;;) {
      if (this.#finished) return null
      if (this.#error !== undefined) throw this.#error
      if (this.#stream.readableEnded) {
        this.#finished = true
        return null
      }
      if (this.#stream.destroyed) throw new AIO_ERR_BODY_ABORTED()
      const chunk: Buffer | string | null = this.#stream.read()
      if (chunk !== null && chunk.length > 0) {
        this.#bytes += chunk.length
        return typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      }
      await new Promise<void>(resolve => { this.#wake = resolve })
      this.#wake = undefined
    }
  }

  stop (): void {
    this.#fail(new AIO_ERR_BODY_ABORTED())
    this.#unlisten()
  }

  /** Leaves the stream to somebody else. */
  #unlisten (): void {
    // Not twice: taking a listener for `readable` away that is not there stops a stream that flows.
    if (!this.#listening) return
    this.#listening = false
    for (const event of ['readable', 'end', 'close']) this.#stream.off(event, this.#done)
    // The listener for errors stays: without one, an error would end the process.
  }

  #listen (): void {
    if (this.#listening) return
    this.#listening = true
    for (const event of ['readable', 'end', 'close']) this.#stream.on(event, this.#done)
    if (!this.#stream.listeners('error').includes(this.#fail)) this.#stream.on('error', this.#fail)
  }

  /** Stops listening without an error, so that the stream can be piped. */
  release (): Readable {
    this.#unlisten()
    return this.#stream
  }
}
