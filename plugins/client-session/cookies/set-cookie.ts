/**
 * Cookies as servers write them: Set-Cookie, read as aiohttp does it, and the Cookie header of a request.
 *
 * @module
 */

/** A cookie; what a server did not say is empty or false. */
export interface Cookie {
  readonly name: string
  /** Without quotes and escapes. */
  readonly value: string
  /** As it goes over the wire: with quotes and escapes, if it has them. */
  readonly codedValue: string
  /** Without a dot in front; empty for a cookie that goes everywhere. */
  readonly domain: string
  readonly path: string
  /** The date as it was written; empty where it cannot be read. */
  readonly expires: string
  /** Seconds as they were written; empty where they are no number. */
  readonly maxAge: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: string
}

type Attribute = Exclude<keyof Cookie, 'name' | 'value' | 'codedValue'>

/** What follows a cookie's name and value; other names begin a cookie of their own, as in aiohttp. */
const attributes: Readonly<Record<string, Attribute | null>> = {
  comment: null,
  domain: 'domain',
  expires: 'expires',
  httponly: 'httpOnly',
  'max-age': 'maxAge',
  partitioned: null,
  path: 'path',
  priority: null,
  samesite: 'sameSite',
  secure: 'secure',
  version: null
}
const none: Omit<Cookie, 'name' | 'value' | 'codedValue'> = {
  domain: '', path: '', expires: '', maxAge: '', secure: false, httpOnly: false, sameSite: ''
}

/** The cookies of Set-Cookie headers, in their order; what is malformed is left out. */
export function parseSetCookie (lines: Iterable<string>): Cookie[] {
  const cookies: { -readonly [Key in keyof Cookie]: Cookie[Key] }[] = []
  for (const line of lines) {
    let current
    for (const { name, text } of piecesOf(line)) {
      const key = name.toLowerCase()
      if (Object.hasOwn(attributes, key)) {
        const attribute = attributes[key]
        if (current === undefined || !attribute) continue
        if (attribute === 'secure' || attribute === 'httpOnly') current[attribute] = true
        else if (text !== undefined) current[attribute] = unquoteCookie(text)
      } else if (text !== undefined && isName(name) && /^[\t\x20-\x7e]*$/.test(text)) {
        current = { ...none, name, value: unquoteCookie(text), codedValue: text }
        cookies.push(current)
      }
    }
  }
  return cookies
}

/** Names of a Cookie header with what stands behind them, up to the semicolon. */
export function parseCookieHeader (header: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const { name, text } of piecesOf(header)) if (text !== undefined && isName(name)) found.set(name, text)
  return found
}

/** The text of a quoted value; others are as they are. */
function unquoteCookie (text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text
  return text.slice(1, -1).replace(/\\(?:([0-3][0-7]{2})|(.))/g, (_, octal?: string, character?: string) =>
    octal === undefined ? character ?? '' : String.fromCharCode(Number.parseInt(octal, 8)))
}

/** What stands between semicolons that are not in quotes; `text` is missing where there is no equals sign. */
function * piecesOf (line: string): Generator<{ name: string, text: string | undefined }> {
  const quoted = /"(?:[^\\"]|\\.)*"/y
  for (let start = 0, end = 0; start < line.length; start = end + 1) {
    end = semicolonAfter(line, start)
    const piece = line.slice(start, end)
    const equals = piece.indexOf('=')
    if (equals === -1) {
      yield { name: piece.trim(), text: undefined }
      continue
    }
    quoted.lastIndex = start + equals + 1 + piece.slice(equals + 1).search(/[^ \t]|$/)
    if (quoted.test(line)) end = Math.max(end, semicolonAfter(line, quoted.lastIndex))
    yield { name: piece.slice(0, equals).trim(), text: line.slice(start + equals + 1, end).trim() }
  }
}

function semicolonAfter (line: string, start: number): number {
  const found = line.indexOf(';', start)
  return found === -1 ? line.length : found
}

/** Visible, and nothing that separates. `$` began the attributes of RFC 2965. */
function isName (name: string): boolean {
  return /^(?!\$)[\x21-\x2b\x2d-\x3a\x3c\x3e-\x7e]+$/.test(name)
}
