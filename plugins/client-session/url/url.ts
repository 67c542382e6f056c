/**
 * From what a user or a server writes to the URL of a request: quoted as aiohttp's `yarl` does it, and resolved.
 *
 * @module
 */

import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { describe } from '../../../lib/options.ts'
import { requote } from '../../../lib/quote.ts'
import {
  InvalidUrlClientError, InvalidUrlRedirectClientError, NonHttpUrlClientError, NonHttpUrlRedirectClientError
} from '../errors.ts'
import { RequestUrl, defaultPort, removeDots, type UrlParts } from './request-url.ts'
import type { RequestParams } from './url-params.ts'

/** What a request can be sent to. */
export type UrlInit = string | URL | EncodedUrl | RequestUrl

/** A URL that is encoded already: it is sent as it stands, not a character of path and query is changed. */
export class EncodedUrl {
  readonly href: string

  /** @throws TypeError for characters that cannot stand in a URL */
  constructor (href: string) {
    if (!/^[\x21-\x7e]*$/.test(href)) throw new TypeError(`Not an encoded URL: ${describe(href)}`)
    this.href = href
  }

  toString (): string {
    return this.href
  }
}

/**
 * The URL of a request: `url` as seen from `base`, with `params` added to its query.
 *
 * @throws InvalidUrlClientError, NonHttpUrlClientError; AIO_ERR_ARGUMENT_INVALID for parameters of a wrong type
 */
export function requestUrl (base: RequestUrl | undefined, url: UrlInit, params?: RequestParams): RequestUrl {
  let parsed
  try {
    parsed = url instanceof RequestUrl ? url : parseUrl(url)
  } catch (cause) {
    throw new InvalidUrlClientError(String(url), undefined, { cause })
  }
  const joined = base === undefined ? parsed : base.join(parsed)
  if (joined.protocol !== '' && defaultPort(joined.protocol) === 0) throw new NonHttpUrlClientError(String(url))
  if (joined.protocol === '' || joined.hostname === '') throw new InvalidUrlClientError(String(url))
  return params === undefined ? joined : joined.withParams(params)
}

/**
 * Where a redirect leads; `requote` false leaves its path and query as the server wrote them.
 *
 * @throws InvalidUrlRedirectClientError, NonHttpUrlRedirectClientError
 */
export function redirectUrl (from: RequestUrl, location: string, requote: boolean): RequestUrl {
  let parsed
  try {
    parsed = parseUrl(requote ? location : new EncodedUrl(location.replace(/[^\x21-\x7e]/gu, encodeURIComponent)))
  } catch (cause) {
    const description = 'Server attempted redirecting to a location that does not look like a URL'
    throw new InvalidUrlRedirectClientError(location, description, { cause })
  }
  const joined = from.join(parsed)
  if (parsed.protocol !== '' && !/^https?:$/.test(parsed.protocol)) throw new NonHttpUrlRedirectClientError(location)
  if (joined.hostname === '') {
    const cause = new TypeError('A redirect needs a host')
    throw new InvalidUrlRedirectClientError(location, 'Invalid redirect URL origin', { cause })
  }
  return joined
}

/** Takes a URL or a reference of any kind apart. @throws TypeError for what cannot be one */
export function parseUrl (url: string | URL | EncodedUrl): RequestUrl {
  const encoded = url instanceof EncodedUrl
  if (typeof url !== 'string' && !encoded && !(url instanceof URL)) throw new TypeError(`Not a URL: ${describe(url)}`)
  // What browsers overlook, yarl does.
  const text = String(url).replace(/^[\0-\x20]+|[\t\r\n]/g, '')
  const [, scheme = '', slashes, authority = '', path = '', query = '', hash = ''] =
    /^([a-z][a-z0-9+.-]*:)?(\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is.exec(text) ?? []
  const quote = encoded ? (part: string) => part : requote
  const protocol = scheme.toLowerCase()
  const quoted = quote(path, 'path')
  return new RequestUrl({
    protocol,
    ...parseAuthority(protocol, authority, text),
    pathname: slashes === undefined ? quoted : (encoded ? quoted : removeDots(quoted)) || '/',
    search: query === '' ? '' : `?${quote(query, 'query')}`,
    hash: hash === '' ? '' : `#${quote(hash, 'fragment')}`
  })
}

/**
 * Whether a host is digits and dots, but no canonical IPv4 address: resolvers read `127.1` and `2130706433` as
 * addresses, which filters that look for addresses miss.
 */
export function isAmbiguousAddress (host: string): boolean {
  return /^[\d.]*\d[\d.]*$/.test(host) && !isIPv4(host)
}

type Authority = Pick<UrlParts, 'username' | 'password' | 'hostname' | 'explicitPort'>
const nowhere: Authority = { username: undefined, password: undefined, hostname: '', explicitPort: 0 }

function parseAuthority (protocol: string, authority: string, url: string): Authority {
  if (authority === '') return nowhere
  // Some programs take a backslash for a slash: they would see another host than we do.
  if (authority.includes('\\')) throw new TypeError(`Backslash in the host of the URL ${describe(url)}`)
  const at = authority.lastIndexOf('@')
  const [username, password] = at === -1 ? [] : parseUser(authority.slice(0, at))
  const [, name, digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority.slice(at + 1)) ?? []
  const port = Number(digits ?? '')
  if (name === undefined || port > 65_535 || (port === 0 && digits) || (name === '' && digits !== undefined)) {
    throw new TypeError(`Invalid host or port in the URL ${describe(url)}`)
  }
  const explicitPort = port === defaultPort(protocol) ? 0 : port
  return { username, password, hostname: encodeHost(name, url), explicitPort }
}

function parseUser (text: string): [username: string, password: string | undefined] {
  const colon = text.indexOf(':')
  if (colon === -1) return [decode(text), undefined]
  return [decode(text.slice(0, colon)), decode(text.slice(colon + 1))]
}

function decode (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function encodeHost (name: string, url: string): string {
  if (name.startsWith('[')) {
    const [, address = '', zone = ''] = /^\[([^%]*)(%.*)?\]$/s.exec(name) ?? []
    // The platform shortens an address as everybody writes it.
    if (isIPv6(address) && /^(%[\w.~%-]+)?$/.test(zone)) return new URL(`http://[${address}]`).hostname.slice(1, -1) + zone
    throw new TypeError(`Invalid IPv6 address in the URL ${describe(url)}`)
  }
  const host = /^[\0-\x7f]*$/.test(name) ? name.toLowerCase() : domainToASCII(name)
  // Whatever programs read in different ways leads requests astray: a blank, an encoded character.
  if ((host === '' && name !== '') || /[^!$&'()*+,\-.0-9;=_a-z~]/.test(host)) {
    throw new TypeError(`Invalid host in the URL ${describe(url)}`)
  }
  return host
}
