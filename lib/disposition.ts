/**
 * Content-Disposition (RFC 6266, RFC 7578, RFC 5987), with aiohttp's tolerance for what programs write.
 *
 * @module
 */

import { decoderOf } from './charset.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const continued = /\*\d+\*?$/
const slashes = /^[\\/]+/
const none: Disposition = { type: null, parameters: new Map() }

/** What a part or a response says about itself. */
export interface Disposition {
  /** In lower case, such as `attachment`; `null` when the header is malformed. */
  readonly type: string | null
  /** Under lower-case names. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Takes a header apart; a malformed one says nothing at all. */
export function parseDisposition (header: string | undefined): Disposition {
  const [type = '', ...items] = (header ?? '').split(';')
  if (!token.test(type.trim())) return none
  const parameters = new Map<string, string>()
  for (let index = 0; index < items.length; index++) {
    const item = items[index] ?? ''
    // A semicolon at the end.
    if (item === '') continue
    const equals = item.indexOf('=')
    const name = item.slice(0, equals).trim().toLowerCase()
    if (equals === -1 || parameters.has(name)) return none
    if (!token.test(name)) continue
    const text = item.slice(equals + 1).trimStart()
    let value = name.includes('*') ? extendedValue(name, text) : plainValue(text)
    if (value === undefined && !name.includes('*')) {
      // A semicolon in a quoted value has cut it in two.
      value = plainValue(`${text};${items[++index] ?? ''}`, true)
      if (value === undefined) return none
    }
    if (value !== undefined) parameters.set(name, value)
  }
  return { type: type.trim().toLowerCase(), parameters }
}

/** A parameter in the best of its forms: extended, plain, or put together from continuations. */
export function dispositionValue (parameters: ReadonlyMap<string, string>, name: string): string | null {
  const value = parameters.get(`${name}*`) ?? parameters.get(name)
  if (value !== undefined) return value
  let joined = ''
  for (let index = 0; ; index++) {
    const part = parameters.get(`${name}*${index}*`) ?? parameters.get(`${name}*${index}`)
    if (part === undefined) break
    joined += part
  }
  if (joined === '') return null
  if (!joined.includes('\'')) return joined.replace(slashes, '')
  return decodeExtended(joined) ?? null
}

function plainValue (text: string, quotedOnly = false): string | undefined {
  const value = text.trimEnd()
  if (isQuoted(value)) return unescape(value.slice(1, -1).replace(slashes, ''))
  return !quotedOnly && token.test(text) ? text : undefined
}

/** `name*=`, with its charset, or one of the pieces `name*0=`, `name*1*=`. */
function extendedValue (name: string, text: string): string | undefined {
  if (continued.test(name)) return isQuoted(text) ? unescape(text.slice(1, -1)) : token.test(text) ? text : undefined
  return token.test(text) ? decodeExtended(text) : undefined
}

/** `charset'language'percent-encoded`, as RFC 5987 has it. */
function decodeExtended (text: string): string | undefined {
  const [charset = '', language, ...rest] = text.split('\'')
  if (language === undefined || rest.length === 0) return undefined
  const value = rest.join('\'')
  // Nothing to decode: the charset does not matter.
  if (!value.includes('%')) return value.replace(slashes, '')
  try {
    const bytes = Buffer.from(value.replace(/%([0-9A-Fa-f]{2})/g,
      (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1')
    return decoderOf(charset || 'utf-8', true)?.(bytes).replace(slashes, '')
  } catch {
    return undefined
  }
}

function isQuoted (text: string): boolean {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
}

function unescape (text: string): string {
  return text.replace(/\\([\0-\x7f])/g, '$1')
}
