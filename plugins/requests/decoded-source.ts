/**
 * Bodies with a Content-Encoding: gzip, deflate (with or without the zlib header), br, and zstd where Node has it.
 *
 * Pulls: no more is decoded than was asked for, so a decompression bomb costs its reader nothing but the limit.
 *
 * @module
 */

import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import { HTTPBadRequest } from '../exceptions/index.ts'
import { AIO_ERR_BODY_ABORTED } from './errors.ts'
import { StreamSource, type Source } from './source.ts'

// Missing in Node.js 20 and in its types.
const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform }

/** A decoder for each coding; `first` is the first byte of the body. */
const decoders: Readonly<Record<string, (first: number) => Transform>> = {
  br: () => zlib.createBrotliDecompress(),
  // RFC 9110 means zlib's format. Some clients send it bare: then the low bits of the first byte are not 8 (RFC 1950).
  deflate: first => (first & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw(),
  gzip: () => zlib.createGunzip(),
  zstd: () => {
    if (createZstdDecompress === undefined) throw cannotDecode('zstd: this server does not know it')
    return createZstdDecompress()
  }
}

/** Whether bodies of this Content-Encoding are decoded; others are left as they are, as in aiohttp. */
export function isDecodable (coding: string | undefined): coding is string {
  return coding !== undefined && Object.hasOwn(decoders, coding.trim().toLowerCase())
}

/** The decoded bytes of a source. */
export class DecodedSource implements Source {
  readonly #raw: StreamSource
  readonly #coding: string
  #decoder: Transform | undefined
  #decoded: StreamSource | undefined
  #failed: Error | undefined
  #empty = false

  constructor (raw: StreamSource, coding: string) {
    this.#raw = raw
    this.#coding = coding.trim().toLowerCase()
  }

  get ended (): boolean {
    return this.#decoded?.ended ?? (this.#empty || this.#raw.ended)
  }

  get rawBytes (): number {
    return this.#raw.rawBytes
  }

  /** @throws HTTPBadRequest when the data is corrupt or incomplete */
  async next (): Promise<Buffer | null> {
    this.#decoded ??= await this.#start()
    if (this.#decoded === undefined) return null
    try {
      return await this.#decoded.next()
    } catch (error) {
      throw this.#failed ?? (isFaultOfData(error) ? cannotDecode(this.#coding, error) : error)
    }
  }

  stop (): void {
    this.#decoded?.stop()
    if (this.#decoder === undefined) return this.#raw.stop()
    this.#raw.release().unpipe(this.#decoder)
    this.#decoder.destroy()
  }

  /** Chooses the decoder once there is something to decode. */
  async #start (): Promise<StreamSource | undefined> {
    const first = await this.#raw.next()
    if (first === null) {
      // Nothing at all is not a broken gzip.
      this.#empty = true
      return undefined
    }
    const decoder = decoders[this.#coding]?.(first[0] ?? 0)
    if (decoder === undefined) throw cannotDecode(this.#coding)
    this.#decoder = decoder
    const decoded = new StreamSource(decoder)
    const stream = this.#raw.release()
    stream.once('close', () => {
      if (stream.readableEnded) return
      this.#failed = new AIO_ERR_BODY_ABORTED()
      decoder.destroy(this.#failed)
    })
    decoder.on('error', () => stream.unpipe(decoder))
    decoder.write(first)
    if (stream.readableEnded) decoder.end()
    else stream.pipe(decoder)
    return decoded
  }
}

function cannotDecode (what: string, cause?: unknown): HTTPBadRequest {
  return new HTTPBadRequest({ text: `Can not decode content-encoding: ${what}`, cause })
}

/** zlib's own errors have a number; everything else is about the connection or about us. */
function isFaultOfData (error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errno' in error && 'code' in error &&
    /^(Z_|ERR_|ZSTD_)/.test(String(error.code))
}
