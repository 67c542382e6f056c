/**
 * The head of a request: the headers a session adds by itself, and how the body is framed (RFC 9112, section 6).
 *
 * @module
 */

import * as zlib from 'node:zlib'
import { AIO_ERR_HEADER_VALUE } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import type { ExchangeOptions } from './http1/exchange.ts'
import type { HeaderMap } from './header-map.ts'
import type { ClientRequest } from './request.ts'
import type { RequestUrl } from './url/request-url.ts'
import type { Payload } from './types.ts'
import { AIO_ERR_CLIENT_CONFLICT } from './usage-errors.ts'

/** Codings that are undone here, most wanted first. */
export const acceptEncoding = 'createZstdDecompress' in zlib ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br'
/** Who we are, unless a session says otherwise. */
export const userAgent = `fastify-aiohttp/0.1.0 Node.js/${process.versions.node}`

/** Methods whose requests have no body unless they are given one, and need not say so. */
const bodiless = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT'])
const typed = new Set(['POST', 'PUT', 'PATCH'])

/** Adds what the user left out, unless it is to be skipped. */
export function addAutoHeaders (
  headers: HeaderMap, method: string, body: Payload | null, skip: ReadonlySet<string>
): void {
  const add = (name: string, value: string) => {
    if (!skip.has(name) && !headers.has(name)) headers.append(name, value)
  }
  add('accept', '*/*')
  add('accept-encoding', acceptEncoding)
  add('user-agent', userAgent)
  for (const [name, value] of body?.headers ?? []) add(name.toLowerCase(), value)
  if (body === null && typed.has(method)) add('content-type', 'application/octet-stream')
}

/** A dot at the end is for resolvers only. */
function hostOf ({ hostname, host }: RequestUrl): string {
  return hostname.endsWith('.') ? host.replace(/\.+(?=:|$)/, '') : host
}

const noBytes = Buffer.alloc(0)

/** How the body goes over the wire. */
type Framing = Pick<ExchangeOptions, 'body' | 'chunked' | 'length'> & { line: string }

/** @throws AIO_ERR_CLIENT_CONFLICT when chunks and a length are wanted at once */
export function framingOf (request: ClientRequest, version: '1.0' | '1.1', chunked: boolean): Framing {
  const { headers, body, method } = request
  const asked = headers.get('content-length')
  const coding = headers.get('transfer-encoding')
  const wantsChunks = chunked || (coding !== undefined && /(?:^|,)\s*chunked\s*$/i.test(coding))
  if (chunked && coding !== undefined) throw new AIO_ERR_CLIENT_CONFLICT('Transfer-Encoding', 'chunked')
  if (wantsChunks && asked !== undefined) throw new AIO_ERR_CLIENT_CONFLICT('Content-Length', 'chunked')
  if (asked !== undefined && !/^\d+$/.test(asked)) throw new AIO_ERR_HEADER_VALUE('Content-Length', describe(asked))
  if (chunked && version === '1.1') {
    return { body: body?.body ?? noBytes, chunked: true, length: null, line: 'Transfer-Encoding: chunked\r\n' }
  }
  if (body?.body == null) {
    const none = asked === undefined && bodiless.has(method)
    return { body: null, chunked: false, length: null, line: none ? '' : 'Content-Length: 0\r\n' }
  }
  if (version === '1.1' && (wantsChunks || (body.length === null && asked === undefined))) {
    return { body: body.body, chunked: true, length: null, line: 'Transfer-Encoding: chunked\r\n' }
  }
  const length = asked === undefined ? body.length : Number(asked)
  return { body: body.body, chunked: false, length, line: length === null ? '' : `Content-Length: ${length}\r\n` }
}

const framing = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'expect'])

/** The head as it goes over the wire. */
export function headOf (
  request: ClientRequest, target: string, version: '1.0' | '1.1', forceClose: boolean, framingLine: string
): string {
  const { headers, method, url } = request
  let head = `${method} ${target} HTTP/${version}\r\nHost: ${headers.get('host') ?? hostOf(url)}\r\n`
  for (const [name, value] of headers) {
    if (!framing.has(name.toLowerCase())) head += `${name}: ${value}\r\n`
  }
  const connection = headers.get('connection') ??
    (forceClose ? (version === '1.1' ? 'close' : undefined) : (version === '1.0' ? 'keep-alive' : undefined))
  if (connection !== undefined) head += `Connection: ${connection}\r\n`
  const expect = headers.get('expect')
  if (expect !== undefined) head += `Expect: ${expect}\r\n`
  return `${head}${framingLine}\r\n`
}
