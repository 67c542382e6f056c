/**
 * Charsets of requests: what nobody knows, and bytes that are invalid, are the client's fault.
 *
 * @module
 */

import { decoderOf, type Decode } from '../../lib/charset.ts'
import { describe } from '../../lib/options.ts'
import { HTTPBadRequest } from '../exceptions/index.ts'

/** Decodes a charset; what is invalid is replaced. @throws HTTPBadRequest for a charset nobody knows */
export function decoder (charset: string, fatal = false): Decode {
  const decode = decoderOf(charset, fatal)
  if (decode === undefined) throw new HTTPBadRequest({ text: `Unknown charset ${describe(charset)}` })
  return decode
}

/** The text of bytes. @throws HTTPBadRequest when the charset is unknown or the bytes are invalid in it */
export function decodeText (bytes: Buffer, charset: string): string {
  const decode = decoder(charset, true)
  try {
    return decode(bytes)
  } catch (cause) {
    throw new HTTPBadRequest({ text: `Cannot decode the body as ${charset}`, cause })
  }
}
