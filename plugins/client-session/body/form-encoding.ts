/**
 * How forms are written: urlencoded as Python's `urlencode()` does it, and the Content-Disposition of a part.
 *
 * @module
 */

import { AIO_ERR_CHARSET } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'

/** The bytes of text in one charset. */
export type Encode = (text: string) => Buffer

const encodings: Readonly<Record<string, BufferEncoding>> = {
  ascii: 'latin1', 'iso-8859-1': 'latin1', latin1: 'latin1', 'latin-1': 'latin1', 'us-ascii': 'latin1', 'utf-8': 'utf8', utf8: 'utf8'
}

/** @throws AIO_ERR_CHARSET for a charset that is not supported; the encoder throws it for text that does not fit */
export function encoderOf (charset = 'utf-8'): Encode {
  const name = charset.toLowerCase()
  const encoding = Object.hasOwn(encodings, name) ? encodings[name] : undefined
  if (encoding === undefined) throw new AIO_ERR_CHARSET(describe(charset))
  if (encoding === 'utf8') return text => Buffer.from(text)
  const lacks = name.includes('ascii') ? /[^\0-\x7f]/ : /[^\0-\xff]/
  return text => {
    if (lacks.test(text)) throw new AIO_ERR_CHARSET(`${describe(charset)} for ${describe(text)}`)
    return Buffer.from(text, encoding)
  }
}

/** `name=value&…`; only letters, digits and `_.-~` stand for themselves, a blank becomes `+`. */
export function encodeForm (pairs: Iterable<readonly [name: string, value: string]>, encode: Encode): string {
  return Array.from(pairs, ([name, value]) => `${quotePlus(name, encode)}=${quotePlus(value, encode)}`).join('&')
}

/** aiohttp's Content-Disposition of a form's part; names are UTF-8, as browsers write them. */
export function dispositionOf (name: string, filename: string | undefined, quoteFields: boolean): string {
  const disposition = `form-data; name="${escapeQuotes(name)}"`
  if (filename === undefined) return disposition
  const shown = quoteFields ? percentEncode(filename) : escapeQuotes(filename)
  return `${disposition}; filename="${shown}"`
}

/** What is written for each byte. */
const quotedBytes = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  if (character === ' ') return '+'
  return /[\w.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

function quotePlus (text: string, encode: Encode): string {
  if (/^[\w.~-]*$/.test(text)) return text
  let quoted = ''
  for (const byte of encode(text)) quoted += quotedBytes[byte]
  return quoted
}

function percentEncode (text: string): string {
  return quotePlus(text, Buffer.from).replaceAll('+', '%20')
}

function escapeQuotes (text: string): string {
  return text.replace(/["\\]/g, '\\$&')
}
