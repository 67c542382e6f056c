/**
 * Content codings: which one a client takes, and streams and bytes in it.
 *
 * Unlike aiohttp, which prefers deflate and reads no quality values, the client's order counts.
 *
 * @module
 */

import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Transform } from 'node:stream'

/**
 * A coding of a response (aiohttp: ContentCoding, without `br` and `zstd`); `deflate` is the zlib format (RFC 9110,
 * section 8.4.1.2). `zstd` needs a Node that has it: 22.15, 23.8 or newer.
 */
export type ContentCoding = 'br' | 'zstd' | 'gzip' | 'deflate' | 'identity'

interface Encoder {
  create (): Transform
  encode (body: string | Buffer): Promise<Buffer>
}

// What Node 20 lacks, and its types with it.
interface Zstd {
  createZstdCompress?: () => Transform
  zstdCompress?: (body: string | Buffer, callback: (error: Error | null, result: Buffer) => void) => void
}

// The highest quality, which is the default, is for files that are compressed once.
const brotli = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }

/** In the order of preference, where a client likes several the same. */
const encoders: ReadonlyMap<ContentCoding, Encoder> = new Map<ContentCoding, Encoder>([
  ['br', {
    create: () => zlib.createBrotliCompress(brotli),
    encode: body => promisify(zlib.brotliCompress)(body, brotli)
  }],
  ...zstdEncoder(zlib as Zstd),
  ['gzip', { create: () => zlib.createGzip(), encode: body => promisify(zlib.gzip)(body) }],
  ['deflate', { create: () => zlib.createDeflate(), encode: body => promisify(zlib.deflate)(body) }]
])

/** Every coding this Node has. */
export const contentCodings: readonly ContentCoding[] = [...encoders.keys(), 'identity']

/**
 * The coding a client likes best: of several it likes the same br, zstd, gzip, deflate, in this order. A star asks for
 * nothing in particular, so it gets `identity`.
 */
export function negotiateCoding (accept: string | string[] | undefined): ContentCoding {
  const qualities = parseQualities(accept)
  let best: ContentCoding = 'identity'
  let quality = qualities.get('identity') ?? 0
  let listed = false
  for (const coding of encoders.keys()) {
    const q = qualities.get(coding) ?? 0
    if (q > quality || (q > 0 && q === quality && !listed)) {
      best = coding
      quality = q
      listed = true
    }
  }
  return best
}

/** The quality values of an Accept-Encoding by coding (RFC 9110, section 12.5.3). */
export function parseQualities (accept: string | string[] | undefined): Map<string, number> {
  const qualities = new Map<string, number>()
  for (const item of String(accept ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map(part => part.trim())
    const quality = parameters.find(parameter => parameter.startsWith('q='))
    qualities.set(name === 'x-gzip' ? 'gzip' : name, quality === undefined ? 1 : Number(quality.slice(2)) || 0)
  }
  return qualities
}

/** A stream that encodes what is written to it. */
export function createEncoder (coding: ContentCoding): Transform {
  return encoderOf(coding).create()
}

/** Encodes bytes at once, off the event loop. */
export async function encode (coding: ContentCoding, body: string | Buffer): Promise<Buffer> {
  return await encoderOf(coding).encode(body)
}

function encoderOf (coding: ContentCoding): Encoder {
  const encoder = encoders.get(coding)
  if (encoder === undefined) throw new RangeError(`No encoder for ${coding}`)
  return encoder
}

function zstdEncoder ({ createZstdCompress, zstdCompress }: Zstd): [ContentCoding, Encoder][] {
  if (createZstdCompress === undefined || zstdCompress === undefined) return []
  return [['zstd', { create: createZstdCompress, encode: body => promisify(zstdCompress)(body) }]]
}
