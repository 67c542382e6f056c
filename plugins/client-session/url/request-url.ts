/**
 * A URL as a request carries it: immutable, every part encoded as it goes over the wire.
 *
 * The platform's `URL` would rewrite what servers see: `'` in a query, `\` in a path, hosts such as `0x7f000001`.
 *
 * @module
 */

import { paramsToQuery, type RequestParams } from './url-params.ts'

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'ws:': 80, 'wss:': 443 }

/** The port of a scheme that HTTP is spoken under; 0 for another scheme. */
export function defaultPort (protocol: string): number {
  return Object.hasOwn(defaultPorts, protocol) ? defaultPorts[protocol] ?? 0 : 0
}

/** What a URL is made of. */
export type UrlParts = Pick<
  RequestUrl, 'protocol' | 'username' | 'password' | 'hostname' | 'explicitPort' | 'pathname' | 'search' | 'hash'
>

/** The URL of a request or a response. */
export class RequestUrl {
  /** In lower case with its colon; empty in a relative reference. */
  readonly protocol: string
  /** Decoded; `undefined` when the URL has none. */
  readonly username: string | undefined
  /** Decoded; `undefined` when the URL has none. */
  readonly password: string | undefined
  /** In lower case and ASCII, an IPv6 address without brackets; empty when there is none. */
  readonly hostname: string
  /** The port that is written, unless it is the scheme's own; else 0. */
  readonly explicitPort: number
  readonly pathname: string
  /** With its question mark, else empty. */
  readonly search: string
  /** With its number sign, else empty. */
  readonly hash: string

  constructor (parts: UrlParts) {
    this.protocol = parts.protocol
    this.username = parts.username
    this.password = parts.password
    this.hostname = parts.hostname
    this.explicitPort = parts.explicitPort
    this.pathname = parts.pathname
    this.search = parts.search
    this.hash = parts.hash
  }

  /** The port to connect to, also where the URL leaves it out. */
  get port (): number {
    return this.explicitPort || defaultPort(this.protocol)
  }

  /** Name and, unless it is the scheme's own, port: what a Host header says. */
  get host (): string {
    const name = this.hostname.includes(':') ? `[${this.hostname}]` : this.hostname
    return this.explicitPort === 0 ? name : `${name}:${this.explicitPort}`
  }

  /** Scheme, name and port, as browsers compare them. */
  get origin (): string {
    return `${this.protocol}//${this.host}`
  }

  /** Whether it is reached over TLS. */
  get secure (): boolean {
    return this.protocol === 'https:' || this.protocol === 'wss:'
  }

  /** Path and query: what the request line says. */
  get target (): string {
    return this.pathname + this.search
  }

  /** The whole of it; credentials are left out, for it ends in logs and messages. */
  get href (): string {
    return `${this.protocol}${this.hostname === '' ? '' : `//${this.host}`}${this.target}${this.hash}`
  }

  toString (): string {
    return this.href
  }

  toJSON (): string {
    return this.href
  }

  /** The same URL without what only browsers use. */
  withoutHash (): RequestUrl {
    return this.hash === '' ? this : new RequestUrl({ ...this, hash: '' })
  }

  /** The same URL without user and password. */
  withoutCredentials (): RequestUrl {
    if (this.username === undefined && this.password === undefined) return this
    return new RequestUrl({ ...this, username: undefined, password: undefined })
  }

  /** The same place under another scheme, given with its colon. */
  withProtocol (protocol: string): RequestUrl {
    return new RequestUrl({ ...this, protocol })
  }

  /** Adds to the query. @throws AIO_ERR_ARGUMENT_INVALID */
  withParams (params: RequestParams): RequestUrl {
    const added = paramsToQuery(params)
    if (added === '') return this
    return new RequestUrl({ ...this, search: this.search === '' ? `?${added}` : `${this.search}&${added}` })
  }

  /** What a reference means that was found here (RFC 3986, section 5.2). */
  join (reference: RequestUrl): RequestUrl {
    if (reference.protocol !== '') return reference
    if (reference.hostname !== '') return new RequestUrl({ ...reference, protocol: this.protocol })
    const { pathname: path, search, hash } = reference
    if (path === '') return new RequestUrl({ ...this, search: search === '' ? this.search : search, hash })
    const whole = path.startsWith('/') ? path : this.pathname.slice(0, this.pathname.lastIndexOf('/') + 1) + path
    return new RequestUrl({ ...this, pathname: removeDots(whole), search, hash })
  }
}

/** Resolves `.` and `..` (RFC 3986, section 5.2.4). */
export function removeDots (path: string): string {
  if (!path.includes('/.')) return path
  const segments: string[] = []
  const parts = path.split('/').slice(1)
  for (const part of parts) {
    if (part === '..') segments.pop()
    else if (part !== '.') segments.push(part)
  }
  if (/^\.\.?$/.test(parts.at(-1) ?? '')) segments.push('')
  return `/${segments.join('/')}`
}
