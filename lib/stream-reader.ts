/**
 * Bytes that are read in the portions one likes (aiohttp: StreamReader): the body of a request or of a response.
 *
 * Reads no more than it is asked for: a slow reader slows the sender down, and memory stays flat.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_BODY_READING, AIO_ERR_INCOMPLETE_READ } from './errors.ts'
import { describe } from './options.ts'

/** Where the bytes come from. */
export interface ByteSource {
  /** The next bytes, `null` at the end. */
  next (): Promise<Buffer | null>
  /** Whether nothing is left, as far as that is known without reading. */
  readonly ended: boolean
  /** Bytes taken off the wire, before they were decoded. */
  readonly rawBytes: number
  /** Whether the bytes last given were the end of a chunk. */
  readonly chunkEnded?: boolean
}

/** How long a line may be unless it is said otherwise, in bytes (aiohttp's high-water mark). */
const usualMaxLine = 512 * 1024
const nothing: Buffer = Buffer.alloc(0)

/** A reader of bytes; iterated over, it gives lines. */
export abstract class ByteReader implements AsyncIterable<Buffer> {
  readonly #source: ByteSource
  readonly #maxLine: number
  #buffer: Buffer[] = []
  #size = 0
  #total = 0
  #reading = false
  /** Where chunks end, counted from the beginning. */
  #chunkEnds: number[] = []

  constructor (source: ByteSource, maxLine = usualMaxLine) {
    this.#source = source
    this.#maxLine = maxLine
  }

  /** What is thrown for a line that is too long. */
  protected abstract lineTooLong (maxSize: number): Error

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

  /** @throws AIO_ERR_INCOMPLETE_READ when there are not that many, with those that came as `partial` */
  async readexactly (n: number): Promise<Buffer> {
    checkCount(n, 'readexactly()', 0)
    while (this.#size < n && await this.#more());
    if (this.#size < n) {
      const partial = this.#take(this.#size)
      throw Object.assign(new AIO_ERR_INCOMPLETE_READ(partial.length, n), { partial, expected: n })
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
   * Beyond `maxSize` bytes (524 288) it is an error.
   */
  async readuntil (separator: string | Uint8Array = '\n', { maxSize = this.#maxLine } = {}): Promise<Buffer> {
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
    if (size > maxSize) throw this.lineTooLong(maxSize)
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

  /** What is left of the chunk, and whether that is its end; empty and `false` at the end of all. */
  protected async takeChunk (): Promise<[data: Buffer, chunkEnded: boolean]> {
    if (this.#size === 0) await this.#more()
    while ((this.#chunkEnds[0] ?? Infinity) <= this.position) this.#chunkEnds.shift()
    const end = this.#chunkEnds[0]
    return [this.#take(Math.min(this.#size, (end ?? Infinity) - this.position)), end === this.position]
  }

  /** Whether there was more. @throws AIO_ERR_BODY_READING while somebody else waits for it */
  async #more (): Promise<boolean> {
    if (this.#reading) throw new AIO_ERR_BODY_READING()
    this.#reading = true
    try {
      const chunk = await this.#source.next()
      if (chunk === null) return false
      this.#buffer.push(chunk)
      this.#size += chunk.length
      this.#total += chunk.length
      if (this.#source.chunkEnded === true) this.#chunkEnds.push(this.#total)
      return true
    } finally {
      this.#reading = false
    }
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
