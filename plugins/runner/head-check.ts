/**
 * What is wrong with the head of a request that Node's parser has let through.
 *
 * Where recipients disagree about what a request means, one of them can be made to serve what another has
 * forbidden: such a request is refused, never repaired (RFC 9112, section 11).
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'

/** What a head is held to. */
export interface HeadLimits {
  /** How many header lines a request may have. */
  readonly maxHeaders: number
  /** Whether TRACE reaches the app. */
  readonly allowTrace: boolean
  /** Whether a request of HTTP/1.1 needs a Host. */
  readonly requireHost: boolean
}

// RFC 3986, section 3.2: what may stand in a host, and a port. A Host may be empty (RFC 9112, section 3.2).
const authorityPattern = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]*)(?::[0-9]*)?$/i

/** Checks heads; one pass over the raw headers, and nothing that lasts longer the longer a valid one is. */
export class HeadCheck {
  readonly #limits: HeadLimits
  /** The Host that was found valid last: most requests have the same. */
  #validHost = ''

  constructor (limits: HeadLimits) {
    this.#limits = limits
  }

  /** The status to refuse the request with, or 0. */
  find (request: IncomingMessage): number {
    const { httpVersionMajor: major, httpVersionMinor: minor, rawHeaders, url = '' } = request
    // 0 stands for a request line without a version, which is HTTP/0.9.
    if (major !== 1) return major === 0 ? 400 : 505
    if (rawHeaders.length > 2 * this.#limits.maxHeaders) return 431
    let host: string | undefined
    let coding: string | undefined
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      if (name.length === 4 && isName(name, 'host')) {
        if (host !== undefined) return 400
        host = rawHeaders[index + 1] ?? ''
      } else if (name.length === 17 && isName(name, 'transfer-encoding')) {
        if (coding !== undefined) return 400
        coding = rawHeaders[index + 1] ?? ''
      }
    }
    return this.#findInHost(host, minor) || findInCoding(coding, minor) || findInTarget(request.method, url, host) ||
      (request.method === 'TRACE' && !this.#limits.allowTrace ? 501 : 0)
  }

  #findInHost (host: string | undefined, minor: number): number {
    if (host === this.#validHost) return 0
    if (host === undefined) return this.#limits.requireHost && minor > 0 ? 400 : 0
    if (!authorityPattern.test(host)) return 400
    this.#validHost = host
    return 0
  }
}

/** Whether a header has the given name; most others of its length are told by their first letter. */
function isName (name: string, lower: string): boolean {
  return name === lower || ((name.charCodeAt(0) | 0x20) === lower.charCodeAt(0) && name.toLowerCase() === lower)
}

/** Chunked is all that Node can undo (RFC 9112, section 6.1), and HTTP/1.0 does not know it. */
function findInCoding (coding: string | undefined, minor: number): number {
  if (coding === undefined) return 0
  if (minor === 0) return 400
  const codings = coding.toLowerCase().split(',').map(item => item.trim())
  // Without chunked at the end nobody can tell where the body ends (section 6.3).
  if (codings.at(-1) !== 'chunked') return 400
  return codings.length === 1 ? 0 : 501
}

/** A path, `*` for OPTIONS, or an absolute URL of the host that Host names as well (RFC 9112, section 3.2). */
function findInTarget (method: string | undefined, url: string, host: string | undefined): number {
  if (url.charCodeAt(0) === 0x2f) return 0
  if (url === '*') return method === 'OPTIONS' ? 0 : 400
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/?#]+)/i.exec(url) ?? []
  if (authority === '' || !authorityPattern.test(authority)) return 400
  const port = scheme.toLowerCase() === 'http' ? '80' : '443'
  return host === undefined || normalize(authority, port) === normalize(host, port) ? 0 : 400
}

/** A host in lower case, without the port of its scheme. */
function normalize (authority: string, defaultPort: string): string {
  const [, host = '', port = ''] = /^(.*?)(?::([0-9]*))?$/.exec(authority.toLowerCase()) ?? []
  return port === '' || port === defaultPort ? host : `${host}:${port}`
}
