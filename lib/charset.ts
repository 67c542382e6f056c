/**
 * Charsets: names as the web and Python know them, decoded by `TextDecoder`.
 *
 * @module
 */

import { TextDecoder } from 'node:util'

/** What Python accepts and the Encoding Standard does not list as a label. */
const aliases: Readonly<Record<string, string>> = {
  'iso8859-1': 'latin1',
  'iso-8859-1': 'latin1',
  'latin-1': 'latin1',
  us_ascii: 'ascii',
  'us-ascii': 'ascii',
  utf_8: 'utf-8',
  utf8: 'utf-8',
  utf16: 'utf-16',
  'utf-8-sig': 'utf-8'
}

/** The text of bytes. */
export type Decode = (bytes: Buffer) => string

/** Decodes a charset; what is invalid is replaced, or with `fatal` an error. `undefined` for one nobody knows. */
export function decoderOf (charset: string, fatal = false): Decode | undefined {
  const name = charset.trim().toLowerCase()
  const label = Object.hasOwn(aliases, name) ? aliases[name] ?? name : name
  // The Encoding Standard makes windows-1252 of both, which they are not.
  if (label === 'latin1') return bytes => bytes.toString('latin1')
  if (label === 'ascii') return bytes => decodeAscii(bytes, fatal)
  try {
    // Node 20 takes a first byte FF for a byte order mark in charsets that have none.
    const ignoreBOM = label.startsWith('utf') && name !== 'utf-8-sig'
    const decode = new TextDecoder(label, { fatal, ignoreBOM })
    return bytes => decode.decode(bytes)
  } catch {
    return undefined
  }
}

function decodeAscii (bytes: Buffer, fatal: boolean): string {
  const text = bytes.toString('latin1')
  if (fatal && /[\x80-\xff]/.test(text)) throw new RangeError('A byte beyond 7F is no ASCII')
  return text.replace(/[\x80-\xff]/g, '\ufffd')
}
