/**
 * Bodies of responses with a Content-Encoding: gzip, deflate (with or without zlib's header), br, and zstd where
 * Node.js has it.
 *
 * Pulls: no more is decoded than was asked for. A body that is small and complete is decoded at once, without a
 * stream; what swells beyond that is left to one.
 *
 * @module
 */

import zlib from 'node:zlib'
import { DecoderStream, TrailingData, type Engine, type Rest } from './decoder-stream.ts'
import { ClientPayloadError } from '../errors.ts'
import type { BodySource } from '../types.ts'

// Missing in Node.js 20 and in its types.
const { createZstdDecompress, zstdDecompressSync } = zlib as {
  createZstdDecompress?: () => Engine
  zstdDecompressSync?: DecodeAtOnce
}

type DecodeAtOnce = (bytes: Buffer, options: { info: true, maxOutputLength: number }) => unknown

interface Decoder {
  readonly stream: () => Engine
  readonly atOnce: DecodeAtOnce
  readonly rest: Rest
}

// Further members of a gzip body are read by its own engine; what that leaves is padding.
const gzip: Decoder = { stream: zlib.createGunzip, atOnce: zlib.gunzipSync, rest: 'ignored' }
const deflate: Decoder = { stream: zlib.createInflate, atOnce: zlib.inflateSync, rest: 'data' }
const rawDeflate: Decoder = { stream: zlib.createInflateRaw, atOnce: zlib.inflateRawSync, rest: 'data' }
const brotli: Decoder = { stream: zlib.createBrotliDecompress, atOnce: zlib.brotliDecompressSync, rest: 'fault' }

/** A decoder for each coding; `first` is the first byte of the data. */
const decoders: Readonly<Record<string, (first: number) => Decoder>> = {
  br: () => brotli,
  // RFC 9110 means zlib's format. Some servers send it bare: then the low bits of the first byte are not 8 (RFC 1950).
  deflate: first => (first & 0x0f) === 8 ? deflate : rawDeflate,
  gzip: () => gzip,
  ...(createZstdDecompress === undefined || zstdDecompressSync === undefined
    ? {}
    : { zstd: () => ({ stream: createZstdDecompress, atOnce: zstdDecompressSync, rest: 'data' as const }) })
}

const nothing: Buffer = Buffer.alloc(0)
/** Up to this many bytes are decoded at once … */
const smallInput = 32 * 1024
/** … unless they become more than these. */
const smallOutput = 512 * 1024

/**
 * The decoded bytes of a body; `undefined` when the coding is unknown or there are several: then the body is left as
 * it is.
 *
 * `limit` is how many bytes it may become: beyond it the body is a failure, so that a few kilobytes cannot fill the
 * memory.
 */
export function decoded (source: BodySource, coding: string, limit = Infinity): BodySource | undefined {
  const name = coding.trim().toLowerCase()
  return Object.hasOwn(decoders, name) ? new DecodedSource(source, name, limit) : undefined
}

class DecodedSource implements BodySource {
  readonly #raw: BodySource
  readonly #coding: string
  readonly #limit: number
  #stream: DecoderStream | undefined
  #total = 0
  #ended = false
  #error: Error | undefined

  constructor (raw: BodySource, coding: string, limit: number) {
    this.#raw = raw
    this.#coding = coding
    this.#limit = limit
  }

  get ended (): boolean {
    return this.#ended
  }

  get rawBytes (): number {
    return this.#raw.rawBytes
  }

  get chunkEnded (): boolean {
    return this.#raw.chunkEnded
  }

  poll (): Buffer | null | undefined {
    if (this.#error !== undefined) throw this.#error
    if (this.#ended) return null
    if (this.#stream !== undefined) return this.#take(this.#stream.poll())
    const first = this.#raw.poll()
    return first === undefined ? undefined : this.#start(first)
  }

  /** @throws ClientPayloadError when the data is corrupt, incomplete or too much */
  async next (): Promise<Buffer | null> {
    let found = this.poll()
    if (found === undefined && this.#stream === undefined) found = this.#start(await this.#raw.next())
    if (found !== undefined || this.#stream === undefined) return found ?? null
    try {
      return this.#take(await this.#stream.next()) ?? null
    } catch (error) {
      throw this.#fail(error)
    }
  }

  stop (): void {
    this.#stream?.stop()
    this.#raw.stop()
  }

  /** Begins with the first bytes; `undefined` when a stream has to work on them first. */
  #start (first: Buffer | null): Buffer | null | undefined {
    // Nothing at all is not a broken gzip.
    if (first === null) return this.#take(null)
    const whole = this.#raw.ended && first.length <= smallInput ? this.#decodeAtOnce(first) : undefined
    if (whole !== undefined) {
      const bytes = this.#take(whole.length === 0 ? null : whole)
      this.#ended = true
      return bytes
    }
    this.#stream = new DecoderStream(this.#raw, first, data => {
      const decoder = this.#decoderFor(data)
      return { engine: decoder.stream(), rest: decoder.rest }
    })
    return undefined
  }

  #decodeAtOnce (input: Buffer): Buffer | undefined {
    const pieces: Buffer[] = []
    try {
      for (let rest = input; rest.length > 0;) {
        const decoder = this.#decoderFor(rest)
        const options = { info: true, maxOutputLength: Math.min(smallOutput, this.#limit + 1) } as const
        const { buffer, engine } = decoder.atOnce(rest, options) as { buffer: Buffer, engine: { bytesWritten: number } }
        pieces.push(buffer)
        rest = decoder.rest === 'ignored' ? nothing : rest.subarray(engine.bytesWritten)
        if (rest.length > 0 && decoder.rest === 'fault') throw new TrailingData('Data behind the end')
      }
    } catch (error) {
      // Too much to be decoded at once.
      if (error instanceof RangeError) return undefined
      throw this.#fail(error)
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
  }

  #decoderFor (data: Buffer): Decoder {
    return decoders[this.#coding]?.(data[0] ?? 0) ?? gzip
  }

  #take (bytes: Buffer | null | undefined): Buffer | null | undefined {
    if (bytes === null) this.#ended = true
    else if (bytes !== undefined) this.#total += bytes.length
    if (this.#total > this.#limit) {
      this.stop()
      this.#error = new ClientPayloadError(`The decompressed body is larger than the ${this.#limit} bytes of maxBodySize`)
      throw this.#error
    }
    return bytes
  }

  /** An error of the data is told as one; that of the connection stays what it is. */
  #fail (error: unknown): Error {
    if (this.#error !== undefined) return this.#error
    const own = error instanceof Error && !isFaultOfData(error)
    this.#error = own ? error : new ClientPayloadError(`Cannot decode the body as ${this.#coding}`, { cause: error })
    this.stop()
    return this.#error
  }
}

/** zlib's own errors have a number; everything else is about the connection. */
function isFaultOfData (error: Error): boolean {
  return 'code' in error && /^(Z_|ERR_|ZSTD_)/.test(String(error.code))
}
