/**
 * A file as a stream of large pieces, read at their positions.
 *
 * Piped into a response it has one buffer: a piece is read when the system has taken the one before, and still has
 * some of it to send. That is several times faster than a stream of small pieces, each of which is new memory.
 *
 * @module
 */

import type { FileHandle } from 'node:fs/promises'
import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/** What is read, and how. */
export interface FileStreamOptions {
  /** The first byte. */
  readonly start: number
  /** The byte behind the last. */
  readonly end: number
  /** Bytes that are read at once. */
  readonly chunkSize: number
}

/** Reads a part of an open file; owns the handle and closes it at the end, whatever the end is. */
export class FileStream extends Readable {
  readonly #handle: FileHandle
  readonly #chunkSize: number
  readonly #end: number
  #position: number

  constructor (handle: FileHandle, { start, end, chunkSize }: FileStreamOptions) {
    super({ highWaterMark: chunkSize })
    this.#handle = handle
    this.#chunkSize = chunkSize
    this.#position = start
    this.#end = end
  }

  /** A response takes what is left of the file, and cannot be changed for another target afterwards. */
  override pipe<Target extends NodeJS.WritableStream> (target: Target, options: { end?: boolean } = {}): Target {
    // Who has replaced write() may keep the bytes longer than it says.
    if (!(target instanceof ServerResponse && target.write === ServerResponse.prototype.write)) {
      return super.pipe(target, options)
    }
    if (options.end !== false) this.once('end', () => target.end())
    // A response that waits for those before it is not told that the client has left.
    const { socket } = target.req
    const leave = () => { this.destroy() }
    socket.once('close', leave)
    this.once('close', () => socket.off('close', leave))
    this.#sendTo(target).catch((error: Error) => this.destroy(error))
    return target
  }

  override _read (): void {
    const length = Math.min(this.#chunkSize, this.#end - this.#position)
    if (length === 0) {
      this.push(null)
      return
    }
    this.#readInto(Buffer.allocUnsafeSlow(length))
      .then(piece => {
        this.push(piece)
        if (this.#position === this.#end) this.push(null)
      })
      .catch((error: Error) => this.destroy(error))
  }

  override _destroy (error: Error | null, callback: (error?: Error | null) => void): void {
    this.#handle.close().then(() => callback(error), callback)
  }

  async #sendTo (response: ServerResponse): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(this.#chunkSize, this.#end - this.#position))
    while (this.#position < this.#end && !this.destroyed) await written(response, await this.#readInto(buffer))
    this.push(null)
    // Somebody may wait for the end of this stream.
    this.resume()
  }

  /** Fills the buffer as far as there is something to read, and returns what is filled. */
  async #readInto (buffer: Buffer): Promise<Buffer> {
    const length = Math.min(buffer.length, this.#end - this.#position)
    const { bytesRead } = await this.#handle.read(buffer, 0, length, this.#position)
    // What is missing was announced: the response has to break off.
    if (bytesRead === 0) throw new Error(`The file ended at byte ${this.#position} of ${this.#end}`)
    this.#position += bytesRead
    return buffer.subarray(0, bytesRead)
  }
}

/** Resolves when the system has the bytes, so that their memory can be used again. */
function written (response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(piece, error => error == null ? resolve() : reject(error))
  })
}
