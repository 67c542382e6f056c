/**
 * Content codings: which one a client takes, and streams and bytes in it.
 *
 * @module
 */

import { promisify } from 'node:util'
import { createDeflate, createGzip, deflate, gzip } from 'node:zlib'
import type { Transform } from 'node:stream'

/** A coding of a response (aiohttp: ContentCoding); `deflate` is the zlib format (RFC 9110, section 8.4.1.2). */
export type ContentCoding = 'deflate' | 'gzip' | 'identity'

export const contentCodings: readonly string[] = ['deflate', 'gzip', 'identity']

/** The coding a client likes best; gzip where it likes both the same, `identity` where it likes neither. */
export function negotiateCoding (accept: string | string[] | undefined): ContentCoding {
  let best: ContentCoding = 'identity'
  let quality = 0
  for (const item of String(accept ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map(part => part.trim())
    if (name !== 'gzip' && name !== 'deflate' && name !== 'identity') continue
    const weight = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
    const q = weight === undefined ? 1 : Number(weight) || 0
    if (q > quality || (q > 0 && q === quality && name === 'gzip')) {
      best = name
      quality = q
    }
  }
  return best
}

/** A stream that encodes what is written to it. */
export function createEncoder (coding: Exclude<ContentCoding, 'identity'>): Transform {
  return coding === 'gzip' ? createGzip() : createDeflate()
}

/** Encodes bytes at once, off the event loop. */
export async function encode (coding: Exclude<ContentCoding, 'identity'>, body: string | Buffer): Promise<Buffer> {
  return await (coding === 'gzip' ? promisify(gzip) : promisify(deflate))(body)
}
