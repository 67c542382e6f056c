/**
 * Which cookies are taken from whom, and who gets them back (RFC 6265, with what aiohttp makes of it).
 *
 * Matching, dates and public suffixes are tough-cookie's; it is loaded with the first cookie, for its list is large.
 *
 * @module
 */

import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { RequestUrl } from '../url/request-url.ts'
import type { Cookie } from './set-cookie.ts'

/** A cookie in a jar. */
export interface StoredCookie extends Cookie {
  /** Whether only the host that set it gets it. */
  readonly hostOnly: boolean
  /** When it ends, in milliseconds since 1970; `Infinity` with the session. */
  readonly deadline: number
}

const require = createRequire(import.meta.url)

function tough (): typeof import('tough-cookie') {
  return require('tough-cookie') as typeof import('tough-cookie')
}

/** A cookie as it is kept; `undefined` when it is refused. Without a URL it goes everywhere. */
export function accept (cookie: Cookie, url: RequestUrl | undefined, now: number): StoredCookie | undefined {
  const hostname = url?.hostname ?? ''
  const wanted = cookie.domain.endsWith('.') ? '' : domainToASCII(cookie.domain.replace(/^\./, ''))
  if (wanted === '' && /[^.]$/.test(cookie.domain)) return undefined
  if (wanted !== '' && hostname !== '' && !domainMatches(hostname, wanted)) return undefined
  const isSuffix = wanted !== '' && isIP(wanted) === 0 && isPublicSuffix(wanted)
  if (isSuffix && wanted !== hostname) return undefined
  const path = cookie.path.startsWith('/') ? cookie.path : tough().defaultPath(url?.pathname)
  const { maxAge, expires, deadline } = lifeOf(cookie, now)
  const hostOnly = (wanted === '' || isSuffix) && hostname !== ''
  return { ...cookie, domain: wanted || hostname, path, maxAge, expires, deadline, hostOnly }
}

/** Whether a host belongs to a domain; an address only to itself. */
export function domainMatches (hostname: string, domain: string): boolean {
  return tough().domainMatch(hostname, domain, false) === true
}

/** Whether a path is below that of a cookie. */
export function pathMatches (path: string, cookiePath: string): boolean {
  return tough().pathMatch(path, cookiePath)
}

/** A domain under which anybody can have a name, such as `co.uk`: a cookie for it would reach strangers. */
function isPublicSuffix (domain: string): boolean {
  return tough().getPublicSuffix(domain, { allowSpecialUseDomain: true, ignoreError: true }) === undefined
}

/** Max-Age goes before Expires; what cannot be read leaves a cookie of the session. */
function lifeOf ({ maxAge, expires }: Cookie, now: number): Pick<StoredCookie, 'maxAge' | 'expires' | 'deadline'> {
  if (maxAge !== '') {
    const seconds = /^[+-]?\d+$/.test(maxAge.trim()) ? Number(maxAge) : undefined
    return { maxAge: seconds === undefined ? '' : maxAge, expires, deadline: now + (seconds ?? Infinity) * 1000 }
  }
  // Every format a server may write begins with the day of the week.
  const date = /^[a-z]{3,9}\b/i.test(expires) ? tough().parseDate(expires) : undefined
  return { maxAge, expires: date === undefined ? '' : expires, deadline: date?.getTime() ?? Infinity }
}
