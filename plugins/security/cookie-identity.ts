/**
 * Identities in a cookie of their own. It is signed: the plain one of aiohttp_security lets everybody be anybody.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkCookieName, delCookie, setCookie, type CookieOptions } from '../../lib/cookies.ts'
import { Headers } from '../../lib/headers.ts'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import { checkOptions, describe, integer, nonEmptyString, oneOf, type Shape } from '../../lib/options.ts'
import { secrets, Signer, type Secret } from '../../lib/secrets.ts'
import { AIO_ERR_SECURITY_RESPONSE } from './errors.ts'
import type { CookieResponse, IdentityPolicy, RememberOptions, ResponseLike } from './policy.ts'

/** Options of `CookieIdentity`. */
export interface CookieIdentityOptions {
  /** At least 32 bytes nobody can guess; of several the first signs, the others are still believed. */
  keys: Secret | readonly Secret[]
  /** @default 'AIOHTTP_SECURITY' */
  cookieName?: string | undefined
  /** Hosts that get the cookie; without it, the one that set it. */
  domain?: string | undefined
  /** How long an identity is remembered, in milliseconds. @default 2592000000 (30 days) */
  maxAge?: number | undefined
  /** @default '/' */
  path?: string | undefined
  /** Which requests from other sites have it: `Lax`, links only. @default 'Lax' */
  sameSite?: 'Strict' | 'Lax' | 'None' | undefined
  /** Over HTTPS only; `auto`: when the request came over HTTPS, as far as trusted proxies tell. @default 'auto' */
  secure?: boolean | 'auto' | undefined
}

const shape: Shape<CookieIdentityOptions> = {
  keys: secrets,
  cookieName: nonEmptyString,
  domain: nonEmptyString,
  maxAge: integer(1),
  path: nonEmptyString,
  sameSite: oneOf('Strict', 'Lax', 'None'),
  secure: oneOf(true, false, 'auto')
}

const thirtyDays = 30 * 24 * 60 * 60 * 1000

/** Remembers identities in a signed cookie (aiohttp_security: CookiesIdentityPolicy). */
export class CookieIdentity implements IdentityPolicy {
  readonly #signer: Signer
  readonly #name: string
  readonly #maxAge: number
  readonly #secure: boolean | 'auto'
  readonly #attributes: CookieOptions

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_COOKIE_NAME, AIO_ERR_SECRET */
  constructor (options: CookieIdentityOptions) {
    checkOptions('CookieIdentity', options, shape)
    const { cookieName = 'AIOHTTP_SECURITY', domain, keys, maxAge = thirtyDays, path = '/' } = options
    const { sameSite = 'Lax', secure = 'auto' } = options
    checkCookieName(cookieName)
    if (sameSite === 'None' && secure === false) {
      throw new AIO_ERR_OPTION_INVALID('secure', 'CookieIdentity', 'true or auto, as sameSite demands', 'false')
    }
    this.#signer = new Signer(keys, `identity ${cookieName}`, 'CookieIdentity')
    this.#name = cookieName
    this.#maxAge = maxAge
    this.#secure = secure === 'auto' && /^__(Host|Secure)-/i.test(cookieName) ? true : secure
    this.#attributes = { domain, httpOnly: true, path, sameSite }
  }

  async identify (request: FastifyRequest): Promise<string | null> {
    for (const pair of request.headers.cookie?.split(';') ?? []) {
      const equals = pair.indexOf('=')
      if (pair.slice(0, equals).trim() !== this.#name) continue
      const identity = this.#read(pair.slice(equals + 1).trim())
      if (identity !== null) return identity
    }
    return null
  }

  async remember (
    request: FastifyRequest, response: ResponseLike, identity: string, { maxAge = this.#maxAge }: RememberOptions
  ): Promise<void> {
    const end = Date.now() + maxAge
    // When it ends is signed, too: a cookie that was stolen is not good for ever.
    const value = this.#signer.sign(Buffer.from(JSON.stringify([identity, end])).toString('base64url'))
    cookiesOf(response).setCookie(this.#name, value, {
      ...this.#attributes, maxAge, expires: new Date(end), secure: this.#isSecure(request)
    })
  }

  async forget (request: FastifyRequest, response: ResponseLike): Promise<void> {
    cookiesOf(response).delCookie(this.#name, { ...this.#attributes, secure: this.#isSecure(request) })
  }

  #read (value: string): string | null {
    const text = this.#signer.unsign(value)
    if (text === null) return null
    const [identity, end]: [string, number] = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Date.now() < end ? identity : null
  }

  #isSecure (request: FastifyRequest): boolean {
    return this.#secure === 'auto' ? request.protocol === 'https' : this.#secure
  }
}

/** Where cookies go: into a response, or with Fastify's reply. */
function cookiesOf (response: ResponseLike): CookieResponse {
  if (isCookieResponse(response)) return response
  if (typeof response !== 'object' || response === null || typeof response.header !== 'function') {
    throw new AIO_ERR_SECURITY_RESPONSE(describe(response))
  }
  return {
    setCookie: (...cookie) => change(response, headers => setCookie(headers, ...cookie)),
    delCookie: (...cookie) => change(response, headers => delCookie(headers, ...cookie))
  }
}

function isCookieResponse (response: ResponseLike): response is CookieResponse {
  return typeof response === 'object' && response !== null && 'delCookie' in response
}

/** A cookie of a reply takes the place of an earlier one of its name. */
function change (reply: FastifyReply, write: (headers: Headers) => void): void {
  const headers = new Headers()
  for (const cookie of [reply.getHeader('set-cookie') ?? []].flat()) headers.append('set-cookie', String(cookie))
  write(headers)
  reply.removeHeader('set-cookie').header('set-cookie', headers.getSetCookie())
}
