/**
 * `response.content`: the body of a response, read in the portions one likes (aiohttp: StreamReader).
 *
 * The names in one word, such as `readany()`, are those of `request.content` on the server's side.
 *
 * @module
 */

import { ByteReader } from '../../../lib/stream-reader.ts'
import { ClientPayloadError } from '../errors.ts'
import type { BodySource } from '../types.ts'

/** A reader of a response's bytes; iterated over, it gives lines. */
export class StreamReader extends ByteReader {
  readonly #source: BodySource
  #atChunkEnd = false

  constructor (source: BodySource, readBufferSize?: number) {
    super(source, readBufferSize === undefined ? undefined : 2 * readBufferSize)
    this.#source = source
  }

  /** Whether everything has come, read or not. */
  isEof (): boolean {
    return this.#source.ended
  }

  /** What is there, waiting for at least one byte; empty at the end. */
  async readAny (): Promise<Buffer> {
    return await this.readany()
  }

  /** @throws AIO_ERR_INCOMPLETE_READ with the bytes that came as `partial`, when there are not that many */
  async readExactly (n: number): Promise<Buffer> {
    return await this.readexactly(n)
  }

  /** A line with its line feed; the last one may have none. @throws ClientPayloadError when it is too long */
  async readLine (options?: { maxSize?: number }): Promise<Buffer> {
    return await this.readline(options)
  }

  /** Everything up to a separator and with it. @throws ClientPayloadError when that is too long */
  async readUntil (separator?: string | Uint8Array, options?: { maxSize?: number }): Promise<Buffer> {
    return await this.readuntil(separator, options)
  }

  /**
   * The next bytes, and whether they end a chunk of the server's (RFC 9112, section 7.1); empty and `false` at the end.
   *
   * Where the end comes on its own, after the last chunk was read, it is an empty chunk, as in aiohttp.
   */
  async readChunk (): Promise<[data: Buffer, chunkEnded: boolean]> {
    const endIsThere = this.#source.ended
    const [data, chunkEnded] = await this.takeChunk()
    const isEnd = data.length === 0 && this.#atChunkEnd && !endIsThere
    this.#atChunkEnd = chunkEnded
    return [data, chunkEnded || isEnd]
  }

  /** Bytes as they come, each with whether it ends a chunk. */
  async * iterChunks (): AsyncGenerator<[data: Buffer, chunkEnded: boolean], void, void> {
    for (let [data, ended] = await this.readChunk(); data.length > 0 || ended; [data, ended] = await this.readChunk()) {
      yield [data, ended]
    }
  }

  protected override lineTooLong (maxSize: number): ClientPayloadError {
    return new ClientPayloadError(`Line is longer than ${maxSize} bytes`)
  }
}
