/**
 * aiohttp's CookieJar: what servers set, kept and sent back by the rules of RFC 6265.
 *
 * @module
 */

import { isIP } from 'node:net'
import { checkCookieName, quoteCookieValue } from '../../../lib/cookies.ts'
import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { boolean, checkOptions, describe, either, listOf, string } from '../../../lib/options.ts'
import { readCookies, writeCookies } from './cookie-file.ts'
import { accept, domainMatches, pathMatches, type StoredCookie } from './cookie-rules.ts'
import type { RequestUrl } from '../url/request-url.ts'
import { parseCookieHeader, parseSetCookie, type Cookie } from './set-cookie.ts'
import { parseUrl } from '../url/url.ts'

export type { StoredCookie } from './cookie-rules.ts'
export type { Cookie } from './set-cookie.ts'

/** Cookies by name: values, or whole cookies with their attributes. */
export type CookiesInit = Readonly<Record<string, string | Partial<Cookie>>> |
  Iterable<readonly [name: string, value: string | Partial<Cookie>]>

/** Options of a jar. */
export interface CookieJarOptions {
  /** Sends values with special characters in quotes. @default true */
  quoteCookie?: boolean | undefined
  /** Origins that get Secure cookies without TLS. @default [] */
  treatAsSecureOrigin?: string | readonly string[] | undefined
  /** Takes cookies from IP addresses, and sends them there. @default false */
  unsafe?: boolean | undefined
}

const empty: Omit<Cookie, 'name' | 'value' | 'codedValue'> = {
  domain: '', path: '', expires: '', maxAge: '', secure: false, httpOnly: false, sameSite: ''
}

/** Keeps cookies; iterated over, it gives them. */
export class CookieJar implements Iterable<StoredCookie> {
  readonly #quoteCookie: boolean
  readonly #secureOrigins: ReadonlySet<string>
  readonly #unsafe: boolean
  /** By domain, then by name and path. */
  #cookies = new Map<string, Map<string, StoredCookie>>()
  #nextDeadline = Infinity

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: CookieJarOptions = {}) {
    checkOptions('CookieJar', options,
      { quoteCookie: boolean, treatAsSecureOrigin: either(string, listOf(string)), unsafe: boolean })
    const { quoteCookie = true, treatAsSecureOrigin = [], unsafe = false } = options
    this.#quoteCookie = quoteCookie
    this.#secureOrigins = new Set([treatAsSecureOrigin].flat().map(url => parseUrl(url).origin))
    this.#unsafe = unsafe
  }

  /** How many cookies there are. */
  get size (): number {
    this.#expire()
    let size = 0
    for (const bucket of this.#cookies.values()) size += bucket.size
    return size
  }

  /** Domain and name of each cookie that only the host gets that set it. */
  get hostOnlyCookies (): [domain: string, name: string][] {
    return Array.from(this).filter(cookie => cookie.hostOnly).map(({ domain, name }) => [domain, name])
  }

  * [Symbol.iterator] (): IterableIterator<StoredCookie> {
    this.#expire()
    for (const bucket of this.#cookies.values()) yield * bucket.values()
  }

  /**
   * Adds cookies as if `url` had set them; without it they are sent everywhere.
   *
   * @throws AIO_ERR_COOKIE_NAME, AIO_ERR_COOKIE_VALUE
   */
  updateCookies (cookies: CookiesInit, url?: RequestUrl | string): void {
    this.#add(this.#cookiesOf(cookies), url)
  }

  /** Adds what a response has set; what is malformed or not allowed is left out. */
  updateCookiesFromHeaders (setCookies: Iterable<string>, url: RequestUrl | string): void {
    this.#add(parseSetCookie(setCookies), url)
  }

  /** The cookies that are sent to a URL: one of each name, that of the longest domain and path. */
  filterCookies (url: RequestUrl | string): Map<string, StoredCookie> {
    this.#expire()
    const found = new Map<string, StoredCookie>()
    const target = typeof url === 'string' ? parseUrl(url) : url
    const isAddress = isIP(target.hostname) !== 0
    const isSecure = target.secure || this.#secureOrigins.has(target.origin)
    for (const domain of isAddress && !this.#unsafe ? [''] : domainsOf(target.hostname)) {
      const bucket = this.#cookies.get(domain)?.values() ?? []
      const fitting = Array.from(bucket).filter(cookie => domain === '' || (pathMatches(target.pathname, cookie.path) &&
        (!cookie.hostOnly || domain === target.hostname) && (!cookie.secure || isSecure)))
      for (const cookie of fitting.sort(byPath)) found.set(cookie.name, cookie)
    }
    return found
  }

  /**
   * The Cookie header of a request; empty when there is nothing to send.
   *
   * `extra` cookies go before those of the jar, and these before what `header` says.
   *
   * @throws AIO_ERR_COOKIE_NAME, AIO_ERR_COOKIE_VALUE
   */
  cookieHeader (url: RequestUrl | string, extra: CookiesInit = [], header = ''): string {
    const cookies = [...this.filterCookies(url).values(), ...this.#cookiesOf(extra)]
    if (cookies.length === 0) return header
    const wire = header === '' ? new Map<string, string>() : parseCookieHeader(header)
    for (const cookie of cookies) wire.set(cookie.name, this.#wireOf(cookie))
    // aiohttp sorts them, which makes requests comparable.
    return Array.from(wire).sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Forgets all cookies, or those the predicate picks. */
  clear (predicate: (cookie: StoredCookie) => boolean = () => true): void {
    this.#expire()
    this.#drop(predicate)
  }

  /** Forgets the cookies of a domain and of all below it. */
  clearDomain (domain: string): void {
    this.clear(cookie => domainMatches(cookie.domain, domain))
  }

  /** Writes the jar to a file only its owner can read, in aiohttp's format; an earlier one is replaced at once. */
  async save (path: string): Promise<void> {
    await writeCookies(path, this)
  }

  /** Reads a file of `save()` or of aiohttp instead of what is here. @throws AIO_ERR_COOKIE_FILE */
  async load (path: string): Promise<void> {
    const cookies = await readCookies(path)
    this.#cookies = new Map()
    this.#nextDeadline = Infinity
    for (const cookie of cookies) {
      if (this.#unsafe || isIP(cookie.domain) === 0) this.#keep(cookie)
    }
    this.#expire()
  }

  #add (cookies: Iterable<Cookie>, url: RequestUrl | string | undefined): void {
    const from = typeof url === 'string' ? parseUrl(url) : url
    if (!this.#unsafe && isIP(from?.hostname ?? '') !== 0) return
    const now = Date.now()
    for (const cookie of cookies) {
      const accepted = accept(cookie, from, now)
      if (accepted !== undefined) this.#keep(accepted)
    }
    this.#expire()
  }

  #keep (cookie: StoredCookie): void {
    const bucket = this.#cookies.get(cookie.domain) ?? new Map<string, StoredCookie>()
    this.#cookies.set(cookie.domain, bucket.set(`${cookie.name};${trimmed(cookie.path)}`, cookie))
    this.#nextDeadline = Math.min(this.#nextDeadline, cookie.deadline)
  }

  #expire (): void {
    const now = Date.now()
    if (this.#nextDeadline > now) return
    this.#nextDeadline = Infinity
    this.#drop(cookie => {
      if (cookie.deadline > now) this.#nextDeadline = Math.min(this.#nextDeadline, cookie.deadline)
      return cookie.deadline <= now
    })
  }

  #drop (predicate: (cookie: StoredCookie) => boolean): void {
    for (const [domain, bucket] of this.#cookies) {
      for (const [key, cookie] of bucket) if (predicate(cookie)) bucket.delete(key)
      if (bucket.size === 0) this.#cookies.delete(domain)
    }
  }

  #cookiesOf (init: CookiesInit): Cookie[] {
    const pairs = Symbol.iterator in init ? [...init] : Object.entries(init)
    return pairs.map(([name, given]) => {
      checkCookieName(name)
      const value = typeof given === 'string' ? given : given?.value
      if (typeof value !== 'string') {
        throw new AIO_ERR_ARGUMENT_INVALID('cookie', describe(name), 'a string or a cookie', describe(given))
      }
      const cookie = { ...empty, ...(typeof given === 'string' ? {} : given), name, value }
      return { ...cookie, codedValue: this.#quoteCookie ? quoteCookieValue(name, value) : value }
    })
  }

  /** What a server quoted is quoted again by our rules, or without them goes back as it came. */
  #wireOf ({ name, value, codedValue }: Cookie): string {
    if (this.#quoteCookie) return quoteCookieValue(name, value)
    return codedValue.startsWith('"') ? codedValue : value
  }
}

/** A jar that keeps nothing; cookies of single requests are sent. */
export class DummyCookieJar extends CookieJar {
  override updateCookies (): void {}
  override updateCookiesFromHeaders (): void {}
  override async load (): Promise<void> {}
}

/** Domains whose cookies a host gets, the most special last; those without a domain come first. */
function domainsOf (hostname: string): string[] {
  if (isIP(hostname) !== 0) return ['', hostname]
  const labels = hostname.split('.')
  return ['', ...labels.map((_, index) => labels.slice(index).join('.')).reverse()]
}

function byPath (a: Cookie, b: Cookie): number {
  return trimmed(a.path).length - trimmed(b.path).length
}

function trimmed (path: string): string {
  return path.endsWith('/') ? path.replace(/\/+$/, '') : path
}
