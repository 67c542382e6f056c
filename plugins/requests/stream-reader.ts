/**
 * `request.content`: the body as a stream that is read in the portions one likes (aiohttp: StreamReader).
 *
 * Reads no more than it is asked for: a slow handler slows the client down, and memory stays flat. The body limit
 * does not hold here.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_INCOMPLETE_READ } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { HTTPBadRequest } from '../exceptions/index.ts'
import type { Source } from './source.ts'

/** How long a line may be unless it is said otherwise, in bytes (aiohttp's high-water mark). */
const maxLine = 512 * 1024
const nothing: Buffer = Buffer.alloc(0)

/** A reader of bytes; iterated over, it gives lines. */
export class StreamReader implements AsyncIterable<Buffer> {
  readonly #source: Source
  #buffer: Buffer[] = []
  #size = 0
  #total = 0

  constructor (source: Source) {
    this.#source = source
  }

  /** Bytes received so far, after decompression. */
  get totalBytes (): number {
    return this.#total
  }

  /** Bytes received so far, as they came over the wire. */
  get totalRawBytes (): number {
    return this.#source.rawBytes
  }

  /** Bytes that were taken out so far. */
  get position (): number {
    return this.#total - this.#size
  }

  /** Whether everything has come and been read. */
  atEof (): boolean {
    return this.#size === 0 && this.#source.ended
  }

  /** What is there, waiting for at least one byte; empty at the end. */
  async readany (): Promise<Buffer> {
    if (this.#size === 0) await this.#more()
    return this.#take(this.#size)
  }

  /** Up to `n` bytes, or everything up to the end; empty at the end. */
  async read (n = -1): Promise<Buffer> {
    checkCount(n, 'read()', -1)
    if (n >= 0) {
      if (n > 0 && this.#size === 0) await this.#more()
      return this.#take(Math.min(n, this.#size))
    }
    const blocks: Buffer[] = []
    for await (const block of this.iterAny()) blocks.push(block)
    return Buffer.concat(blocks)
  }

  /** @throws AIO_ERR_INCOMPLETE_READ when there are not that many; the bytes that came are read */
  async readexactly (n: number): Promise<Buffer> {
    checkCount(n, 'readexactly()', 0)
    while (this.#size < n && await this.#more());
    if (this.#size < n) {
      const partial = this.#take(this.#size)
      throw new AIO_ERR_INCOMPLETE_READ(partial.length, n)
    }
    return this.#take(n)
  }

  /** A line with its line feed; the last one may have none. */
  async readline (options?: { maxSize?: number }): Promise<Buffer> {
    return await this.readuntil('\n', options)
  }

  /**
   * Everything up to a separator and with it; what is left, when it does not come.
   *
   * @throws HTTPBadRequest beyond `maxSize` bytes (524 288)
   */
  async readuntil (separator: string | Uint8Array = '\n', { maxSize = maxLine } = {}): Promise<Buffer> {
    const wanted = Buffer.from(separator)
    if (wanted.length === 0) {
      throw new AIO_ERR_ARGUMENT_INVALID('separator', 'readuntil()', 'at least one byte', describe(separator))
    }
    let end = -1
    // Each byte is looked at once, however small the pieces are: what was searched before is only overlapped.
    for (let index = 0, offset = 0, tail = nothing; end === -1; index++) {
      const chunk = this.#buffer[index]
      if (chunk === undefined) {
        if (offset > maxSize || !await this.#more()) break
        index--
        continue
      }
      const window = tail.length === 0 ? chunk : Buffer.concat([tail, chunk])
      const found = window.indexOf(wanted)
      if (found !== -1) end = offset - tail.length + found + wanted.length
      offset += chunk.length
      tail = wanted.length === 1 ? nothing : window.subarray(-(wanted.length - 1))
    }
    const size = end === -1 ? this.#size : end
    if (size > maxSize) throw new HTTPBadRequest({ text: `Line is longer than ${maxSize} bytes` })
    return this.#take(size)
  }

  /** Pieces of up to `n` bytes. */
  async * iterChunked (n: number): AsyncGenerator<Buffer, void, void> {
    checkCount(n, 'iterChunked()', 1)
    for (let chunk = await this.read(n); chunk.length > 0; chunk = await this.read(n)) yield chunk
  }

  /** Pieces as they come. */
  async * iterAny (): AsyncGenerator<Buffer, void, void> {
    for (let chunk = await this.readany(); chunk.length > 0; chunk = await this.readany()) yield chunk
  }

  /** Lines. */
  async * [Symbol.asyncIterator] (): AsyncGenerator<Buffer, void, void> {
    for (let line = await this.readline(); line.length > 0; line = await this.readline()) yield line
  }

  /** Puts bytes back in front. */
  unreadData (data: Buffer): void {
    if (data.length === 0) return
    this.#buffer.unshift(data)
    this.#size += data.length
  }

  /**
   * What comes next, without taking it: at least `n` bytes, unless the end comes before. For parsers, which take
   * nearly all of it before they ask again: only what two pieces share is copied.
   */
  async peek (n: number): Promise<Buffer> {
    while (this.#size < n && await this.#more());
    const first = this.#buffer[0] ?? nothing
    if (first.length >= n || this.#buffer.length < 2) return first
    this.#buffer = [Buffer.concat(this.#buffer)]
    return this.#buffer[0] ?? nothing
  }

  /** Takes what was peeked at. */
  skip (n: number): void {
    this.#take(n)
  }

  async #more (): Promise<boolean> {
    const chunk = await this.#source.next()
    if (chunk === null) return false
    this.#buffer.push(chunk)
    this.#size += chunk.length
    this.#total += chunk.length
    return true
  }

  #take (n: number): Buffer {
    if (n === 0) return nothing
    const taken: Buffer[] = []
    let missing = n
    let index = 0
    for (; missing > 0; index++) {
      const chunk = this.#buffer[index] ?? nothing
      if (chunk.length > missing) {
        taken.push(chunk.subarray(0, missing))
        this.#buffer[index] = chunk.subarray(missing)
        break
      }
      taken.push(chunk)
      missing -= chunk.length
    }
    this.#buffer.splice(0, index)
    this.#size -= n
    return taken.length === 1 ? taken[0] ?? nothing : Buffer.concat(taken)
  }
}

function checkCount (n: number, where: string, least: number): void {
  if (!Number.isInteger(n) || n < least) {
    throw new AIO_ERR_ARGUMENT_INVALID('number of bytes', where, `a whole number of at least ${least}`, describe(n))
  }
}
