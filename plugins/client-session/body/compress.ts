/**
 * Compression of request bodies. The length is not known before the end: such a body is sent in chunks.
 *
 * @module
 */

import { Readable, pipeline } from 'node:stream'
import { createBrotliCompress, createDeflate, createGzip } from 'node:zlib'
import { AIO_ERR_OPTION_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import { bytesOf } from './body-payload.ts'
import type { Payload } from '../types.ts'

const encoders = { br: createBrotliCompress, deflate: createDeflate, gzip: createGzip }

/** The codings a request's body can have. */
export type BodyCoding = keyof typeof encoders

/** The payload in a coding; an empty one stays as it is. @throws AIO_ERR_OPTION_INVALID for a coding nobody knows */
export function compressed (payload: Payload | null, coding: BodyCoding): Payload | null {
  if (!Object.hasOwn(encoders, coding)) {
    throw new AIO_ERR_OPTION_INVALID('compress', 'the request', 'true, false, deflate, gzip or br', describe(coding))
  }
  if (payload === null || payload.length === 0) return payload
  return {
    ...payload,
    body: { [Symbol.asyncIterator]: () => encoded(payload, coding) },
    length: null,
    headers: [...payload.headers, ['Content-Encoding', coding]]
  }
}

async function * encoded (payload: Payload, coding: BodyCoding): AsyncGenerator<Buffer, void, void> {
  // The error of a body reaches who reads it through the encoder, which pipeline() destroys with it.
  const encoder = pipeline(Readable.from(bytesOf(payload.body)), encoders[coding](), () => {})
  for await (const chunk of encoder) yield chunk as Buffer
}
