/**
 * The cookie of a session: found among those of a request, set and taken away with a reply.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkCookieName, serializeCookie, type CookieOptions } from '../../lib/cookies.ts'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import { AIO_ERR_SESSION_TOO_LARGE } from './errors.ts'

/** How the cookie of a session is set. */
export interface SessionCookieOptions {
  /**
   * With `__Host-` in front browsers take it from this host only, over HTTPS only.
   *
   * @default 'AIOHTTP_SESSION'
   */
  cookieName?: string | undefined
  /** Hosts that get the cookie; without it, the one that set it. */
  domain?: string | undefined
  /** Keeps scripts in pages from reading it. @default true */
  httpOnly?: boolean | undefined
  /** @default '/' */
  path?: string | undefined
  /** Whether it survives the end of the browser; it never outlives the session. @default true */
  persistent?: boolean | undefined
  /** Which requests from other sites have it: `Lax`, links only. @default 'Lax' */
  sameSite?: 'Strict' | 'Lax' | 'None' | undefined
  /** Over HTTPS only; `auto`: when the request came over HTTPS, as far as trusted proxies tell. @default 'auto' */
  secure?: boolean | 'auto' | undefined
}

/** Bytes of name and value that browsers keep (RFC 6265bis, section 5.6). */
const maxBytes = 4096
/** Cookies of one name that are looked at: a sibling domain may have set others. */
const maxCandidates = 3

/** The cookie as it was configured. */
export class SessionCookie {
  readonly name: string
  readonly #secure: boolean | 'auto'
  readonly #persistent: boolean
  readonly #attributes: CookieOptions

  /** @throws AIO_ERR_COOKIE_NAME, AIO_ERR_OPTION_INVALID */
  constructor (options: SessionCookieOptions) {
    const { cookieName = 'AIOHTTP_SESSION', domain, httpOnly = true, path = '/', persistent = true } = options
    const { sameSite = 'Lax', secure = 'auto' } = options
    checkCookieName(cookieName)
    this.name = cookieName
    this.#persistent = persistent
    this.#secure = secure === 'auto' && /^__(Host|Secure)-/i.test(cookieName) ? true : secure
    this.#attributes = { domain, httpOnly, path, sameSite }
    // Browsers drop such cookies without a word.
    refuse('secure', !this.#secure && (sameSite === 'None' || /^__(Host|Secure)-/i.test(cookieName)),
      'true or auto, as its name or sameSite demand', secure)
    refuse('path', /^__Host-/i.test(cookieName) && path !== '/', '"/", as its name demands', path)
    refuse('domain', /^__Host-/i.test(cookieName) && domain !== undefined, 'none, as its name demands', domain)
  }

  /** The values the client sent, the most specific one first. */
  valuesOf (request: FastifyRequest): string[] {
    const header = request.headers.cookie
    if (header === undefined || !header.includes(this.name)) return []
    const values: string[] = []
    for (const pair of header.split(';')) {
      const equals = pair.indexOf('=')
      if (pair.slice(0, equals).trim() !== this.name) continue
      const value = pair.slice(equals + 1).trim()
      if (value !== '') values.push(value)
    }
    return values.slice(0, maxCandidates)
  }

  /** Sets it for `lifetime` milliseconds. @throws AIO_ERR_SESSION_TOO_LARGE */
  set (request: FastifyRequest, reply: FastifyReply, value: string, lifetime: number): void {
    const bytes = this.name.length + value.length
    if (bytes > maxBytes) throw new AIO_ERR_SESSION_TOO_LARGE(this.name, bytes)
    // Both, for the oldest of browsers: so does aiohttp_session.
    const end = this.#persistent ? { maxAge: lifetime, expires: new Date(Date.now() + lifetime) } : {}
    this.#write(request, reply, value, end)
  }

  /** Tells the client to forget it. */
  delete (request: FastifyRequest, reply: FastifyReply): void {
    this.#write(request, reply, '', { expires: new Date(0), maxAge: 0 })
  }

  #write (request: FastifyRequest, reply: FastifyReply, value: string, end: CookieOptions): void {
    const secure = this.#secure === 'auto' ? request.protocol === 'https' : this.#secure
    const cookie = serializeCookie(this.name, value, { ...this.#attributes, ...end, secure })
    const before = [reply.getHeader('set-cookie') ?? []].flat().map(String)
    const others = before.filter(other => !other.startsWith(`${this.name}=`))
    reply.removeHeader('set-cookie').header('set-cookie', [...others, cookie])
  }
}

/** Whether a value is longer than anything that was ever set. */
export function isOversized (value: string): boolean {
  return value.length > maxBytes
}

function refuse (option: string, wrong: boolean, expected: string, value: unknown): void {
  if (wrong) throw new AIO_ERR_OPTION_INVALID(option, 'the sessions plugin', expected, String(value))
}
