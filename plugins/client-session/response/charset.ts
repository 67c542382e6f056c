/**
 * What the Content-Type of a response says about its text.
 *
 * @module
 */

import { TextDecoder } from 'node:util'

/** A media type without its parameters, and the one parameter that matters. */
export interface MediaType {
  /** In lower case. */
  readonly type: string
  readonly charset: string | undefined
}

const unknown: MediaType = { type: 'application/octet-stream', charset: undefined }
const mediaType = /^\s*([!#$%&'*+\-.^_`|~\w]+\/[!#$%&'*+\-.^_`|~\w]+)\s*(?:;(.*))?$/s
const charsetParameter = /(?:^|;)\s*charset\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i
const jsonTypes = /^application\/(?:rdap\+)?json$/

/** Whatever is none is `application/octet-stream`. */
export function mediaTypeOf (header: string | undefined): MediaType {
  // The usual one, without the regular expressions
  if (header === undefined) return unknown
  if (header === 'application/json') return { type: header, charset: undefined }
  const [, type, parameters = ''] = mediaType.exec(header) ?? []
  if (type === undefined) return unknown
  const [, quoted, plain] = charsetParameter.exec(parameters) ?? []
  return { type: type.toLowerCase(), charset: quoted ?? plain }
}

/** The charset as `TextDecoder` and Python name it; `undefined` when none is named that they know. */
export function encodingOf ({ type, charset }: MediaType): string | undefined {
  if (charset === undefined) return jsonTypes.test(type) ? 'utf-8' : undefined
  const name = charset.trim().toLowerCase()
  if (latin1.has(name)) return 'iso8859-1'
  try {
    return pythonName(new TextDecoder(name).encoding, name)
  } catch {
    return undefined
  }
}

const latin1 = new Set(['latin1', 'latin-1', 'iso-8859-1', 'iso8859-1', 'iso_8859-1', 'l1'])

function pythonName (encoding: string, asked: string): string {
  if (asked === 'utf-16') return asked
  return encoding.replace(/^windows-/, 'cp')
}

/** How bytes become text. */
export function decoderOf (name: string, errors: 'strict' | 'replace' | 'ignore'): (bytes: Buffer) => string {
  // For the Encoding Standard it is windows-1252, which it is not.
  if (latin1.has(name.toLowerCase())) return bytes => bytes.toString('latin1')
  const label = name.replace(/^cp(?=125\d)/, 'windows-')
  const isUtf16 = label.toLowerCase() === 'utf-16'
  const decoder = new TextDecoder(label, { fatal: errors === 'strict', ignoreBOM: !isUtf16 })
  return bytes => {
    const text = decoder.decode(bytes)
    return errors === 'ignore' ? text.replaceAll('\ufffd', '') : text
  }
}
