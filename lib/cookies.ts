/**
 * Set-Cookie as Python's `http.cookies` writes it: attributes in alphabetical order, octal escapes.
 *
 * @module
 */

import { AIO_ERR_COOKIE_NAME, AIO_ERR_COOKIE_VALUE } from './errors.ts'
import type { Headers } from './headers.ts'
import { boolean, check, checkOptions, describe, either, oneOf, string, type Shape } from './options.ts'

/** Attributes of a cookie (RFC 6265, section 4.1; `partitioned`: CHIPS). */
export interface CookieOptions {
  /** Hosts that get the cookie; without it, the one that set it. */
  domain?: string | undefined
  /** When it ends: a date, or text that is sent as it stands. */
  expires?: Date | string | undefined
  /** @default false */
  httpOnly?: boolean | undefined
  /** How long it lives, in milliseconds; sent in whole seconds. */
  maxAge?: number | undefined
  /** @default false */
  partitioned?: boolean | undefined
  /** @default '/' */
  path?: string | undefined
  /** Sent as it is written here. */
  sameSite?: 'Strict' | 'Lax' | 'None' | 'strict' | 'lax' | 'none' | undefined
  /** @default false */
  secure?: boolean | undefined
}

const shape: Shape<CookieOptions> = {
  domain: string,
  expires: either(check('a valid Date', value => value instanceof Date && !Number.isNaN(value.getTime())), string),
  httpOnly: boolean,
  maxAge: check('a finite number of milliseconds', Number.isFinite),
  partitioned: boolean,
  path: string,
  sameSite: oneOf('Strict', 'Lax', 'None', 'strict', 'lax', 'none'),
  secure: boolean
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const reserved = new Set(['comment', 'domain', 'expires', 'httponly', 'max-age', 'partitioned', 'path', 'samesite',
  'secure', 'version'])
const plain = /^[!#$%&'*+\-.^_`|~:0-9A-Za-z]+$/
// What http.cookies leaves alone inside of quotes, besides the characters of `plain`.
const escaped = /[^!#$%&'*+\-.^_`|~:0-9A-Za-z ()/<=>?@[\]{}]/g
// A semicolon would begin another attribute, CR or LF another header.
const unsafeAttribute = /[^\x20-\x3a\x3c-\x7e]/

/**
 * One Set-Cookie value.
 *
 * @throws AIO_ERR_COOKIE_NAME, AIO_ERR_COOKIE_VALUE, AIO_ERR_OPTION_INVALID
 */
export function serializeCookie (name: string, value: string, options: CookieOptions = {}): string {
  checkOptions('the cookie', options, shape)
  checkCookieName(name)
  const { domain, expires, httpOnly, maxAge, partitioned, path = '/', sameSite, secure } = options
  const attributes: readonly (readonly [string, string | boolean | undefined])[] = [
    ['Domain', domain],
    ['expires', expires instanceof Date ? expires.toUTCString() : expires],
    ['HttpOnly', httpOnly],
    ['Max-Age', maxAge === undefined ? undefined : String(Math.trunc(maxAge / 1000))],
    ['Partitioned', partitioned],
    ['Path', path],
    ['SameSite', sameSite],
    ['Secure', secure]
  ]
  let text = `${name}=${quoteCookieValue(name, value)}`
  for (const [attribute, content] of attributes) {
    if (content === true) text += `; ${attribute}`
    else if (typeof content === 'string' && content !== '') {
      if (unsafeAttribute.test(content)) throw new AIO_ERR_COOKIE_VALUE(attribute, name, describe(content))
      text += `; ${attribute}=${content}`
    }
  }
  return text
}

/** Sets a cookie; an earlier one of that name is replaced, as in aiohttp. */
export function setCookie (headers: Headers, name: string, value: string, options?: CookieOptions): void {
  const cookie = serializeCookie(name, value, options)
  const others = headers.getSetCookie().filter(other => !other.startsWith(`${name}=`))
  headers.delete('set-cookie')
  for (const item of [...others, cookie]) headers.append('set-cookie', item)
}

/** Tells the client to forget a cookie; `path` and `domain` have to be those it was set with. */
export function delCookie (headers: Headers, name: string, options?: Omit<CookieOptions, 'expires' | 'maxAge'>): void {
  setCookie(headers, name, '', { ...options, expires: 'Thu, 01 Jan 1970 00:00:00 GMT', maxAge: 0 })
}

/** A token that is no attribute. @throws AIO_ERR_COOKIE_NAME */
export function checkCookieName (name: string): void {
  if (typeof name !== 'string' || !token.test(name) || reserved.has(name.toLowerCase())) {
    throw new AIO_ERR_COOKIE_NAME(describe(name))
  }
}

/** The value as it is if it may be, else in quotes with octal escapes (one byte each). @throws AIO_ERR_COOKIE_VALUE */
export function quoteCookieValue (name: string, value: string): string {
  if (typeof value !== 'string') throw new AIO_ERR_COOKIE_VALUE('value', name, describe(value))
  if (plain.test(value)) return value
  const inner = value.replace(escaped, character => {
    if (character === '"' || character === '\\') return `\\${character}`
    const code = character.charCodeAt(0)
    // An octal escape has room for one byte; what is beyond has to be encoded by the caller.
    if (code > 0xff) throw new AIO_ERR_COOKIE_VALUE('value (beyond U+00FF)', name, describe(value))
    return `\\${code.toString(8).padStart(3, '0')}`
  })
  return `"${inner}"`
}
