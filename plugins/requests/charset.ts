/**
 * Charsets: names as the web and Python know them, decoded by `TextDecoder`.
 *
 * @module
 */

import { TextDecoder } from 'node:util'
import { HTTPBadRequest } from '../exceptions/index.ts'
import { describe } from '../../lib/options.ts'

/** What Python accepts and the Encoding Standard does not list as a label. */
const aliases: Readonly<Record<string, string>> = {
  'latin-1': 'latin1',
  'iso8859-1': 'latin1',
  us_ascii: 'ascii',
  utf_8: 'utf-8',
  utf16: 'utf-16',
  'utf-8-sig': 'utf-8'
}

/** A decoder that replaces what is invalid. @throws HTTPBadRequest for a charset nobody knows */
export function decoder (charset: string, fatal = false): TextDecoder {
  const label = charset.trim().toLowerCase()
  try {
    const known = Object.hasOwn(aliases, label) ? aliases[label] : label
    return new TextDecoder(known, { fatal, ignoreBOM: label !== 'utf-8-sig' })
  } catch (cause) {
    throw new HTTPBadRequest({ text: `Unknown charset ${describe(charset)}`, cause })
  }
}

/** The text of bytes. @throws HTTPBadRequest when the charset is unknown or the bytes are invalid in it */
export function decodeText (bytes: Uint8Array, charset: string): string {
  const decode = decoder(charset, true)
  try {
    return decode.decode(bytes)
  } catch (cause) {
    throw new HTTPBadRequest({ text: `Cannot decode the body as ${charset}`, cause })
  }
}
