/**
 * The server's part of the opening handshake (RFC 6455, section 4.2), on a raw request and its socket.
 *
 * @module
 */

import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type Server } from 'ws'
import { AIO_ERR_WS_CLOSED } from '../../lib/errors.ts'
import type { Headers } from '../../lib/headers.ts'
import { HTTPBadRequest, HTTPForbidden, HTTPUpgradeRequired } from '../exceptions/index.ts'
import type { Origins, ResolvedWebSocketOptions } from './options.ts'
import { DeferredCloseSocket } from './socket.ts'

/** A request whose protocol can be switched. */
export interface Upgradable {
  readonly raw: IncomingMessage
  readonly socket: Duplex
  /** What the client sent behind its request. */
  readonly head: Buffer
}

/** What the 101 says besides the accepted key. */
export interface Acceptance {
  readonly protocol: string | null
  readonly headers: Headers | undefined
}

const extensionsHeader = 'Sec-WebSocket-Extensions: '

// 16 bytes in base64
const key = /^[+/0-9A-Za-z]{22}==$/

/**
 * Throws what the client gets told when its request is no websocket handshake.
 *
 * @throws HTTPBadRequest, HTTPUpgradeRequired
 */
export function checkHandshake (raw: IncomingMessage): void {
  const { upgrade, connection, host, 'sec-websocket-version': version } = raw.headers
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers
  if (raw instanceof IncomingMessage && raw.httpVersion !== '1.1') {
    throw new HTTPBadRequest({ text: `Unsupported HTTP version: ${raw.httpVersion}` })
  }
  // Node leaves this check out for upgrades (RFC 9112, section 3.2); injected requests have no need of one.
  if (raw instanceof IncomingMessage && raw.httpVersion === '1.1' && host === undefined) {
    throw new HTTPBadRequest({ text: "Missing 'Host' header in request." })
  }
  // RFC 6455, section 4.2.1: what has the websocket among others is one too.
  if (!hasToken(upgrade, 'websocket')) {
    throw new HTTPBadRequest({
      text: `No WebSocket UPGRADE hdr: ${upgrade ?? 'None'}\n Can "Upgrade" only to "WebSocket".`
    })
  }
  if (!hasToken(connection, 'upgrade')) {
    throw new HTTPBadRequest({ text: `No CONNECTION upgrade hdr: ${connection ?? 'None'}` })
  }
  if (version === undefined) throw new HTTPBadRequest({ text: 'Unsupported version: ' })
  // Injected requests have a number here.
  if (String(version) !== '13') {
    // RFC 6455, section 4.4
    throw new HTTPUpgradeRequired({
      text: `Unsupported version: ${version}`,
      headers: { 'sec-websocket-version': '13', upgrade: 'websocket' }
    })
  }
  // Where frames begin would depend on how much of the body is read.
  if (length !== '0' || encoding !== undefined) throw new HTTPBadRequest({ text: 'Handshake error: a body' })
  const offered = raw.headers['sec-websocket-key']
  if (offered === undefined) throw new HTTPBadRequest({ text: 'Handshake error: None' })
  if (!key.test(offered)) throw new HTTPBadRequest({ text: `Handshake error: '${offered}'` })
}

/**
 * Throws unless a page of this origin may open a websocket here. Only browsers send an origin, and they are
 * whom it protects (RFC 6455, section 10.2).
 *
 * @param host the host that was asked for
 * @throws HTTPForbidden
 */
export function checkOrigin ({ headers: { origin } }: IncomingMessage, host: string, allowed: Origins): void {
  if (origin === undefined || allowed === '*') return
  const accepted = allowed === 'same' ? isSameHost(origin, host) : allowed.includes(origin.toLowerCase())
  if (!accepted) throw new HTTPForbidden({ text: `Origin not allowed: ${origin}` })
}

/** The scheme does not count: a proxy in front of us may have ended TLS. */
function isSameHost (origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: theirs } = new URL(origin)
  const own = `${protocol}//${host}`
  return theirs !== '' && URL.canParse(own) && new URL(own).host === theirs
}

function hasToken (list: string | undefined, token: string): boolean {
  return list !== undefined && list.toLowerCase().split(',').some(item => item.trim() === token)
}

/** The first subprotocol the client offers that is among the known ones, or `null`. */
export function selectProtocol ({ headers }: IncomingMessage, known: readonly string[]): string | null {
  const offered = headers['sec-websocket-protocol']?.split(',').map(item => item.trim()) ?? []
  return offered.find(item => known.includes(item)) ?? null
}

/** Answers checked handshakes; what does not depend on the request is made once for all with the same options. */
export class Handshakes {
  readonly options: ResolvedWebSocketOptions
  readonly #servers = new Map<boolean, Server<typeof DeferredCloseSocket>>()
  /** The handshake in hand, for ws tells the rest through events, all of them within one call. */
  #acceptance: Acceptance | undefined
  #extensions = ''
  #error: Error | undefined

  constructor (options: ResolvedWebSocketOptions) {
    this.options = options
  }

  /**
   * Answers a checked handshake with 101.
   *
   * @throws HTTPBadRequest when a header is malformed, AIO_ERR_WS_CLOSED when the client has gone meanwhile
   */
  accept (upgradable: Upgradable, acceptance: Acceptance): DeferredCloseSocket {
    const { compress } = this.options
    const offered = upgradable.raw.headers['sec-websocket-extensions'] !== undefined
    const first = this.#attempt(upgradable, acceptance, compress && offered)
    // An offer we cannot take is declined, not refused.
    const result = first instanceof Error && compress && offered ? this.#attempt(upgradable, acceptance, false) : first
    if (result instanceof DeferredCloseSocket) return result
    throw result === undefined ? new AIO_ERR_WS_CLOSED('prepare') : new HTTPBadRequest({ text: result.message })
  }

  #attempt (
    { raw, socket, head }: Upgradable, acceptance: Acceptance, compress: boolean
  ): DeferredCloseSocket | Error | undefined {
    this.#acceptance = acceptance
    this.#extensions = ''
    this.#error = undefined
    let accepted: DeferredCloseSocket | undefined
    // Works with any duplex stream, although it is typed for network sockets.
    this.#server(compress).handleUpgrade(plain(raw), socket as Socket, head, websocket => { accepted = websocket })
    this.#acceptance = undefined
    if (accepted !== undefined) accepted.negotiated = this.#extensions
    return accepted ?? this.#error
  }

  #server (compress: boolean): Server<typeof DeferredCloseSocket> {
    const known = this.#servers.get(compress)
    if (known !== undefined) return known
    const server = new WebSocketServer<typeof DeferredCloseSocket>(this.#serverOptions(compress))
    server.on('wsClientError', error => { this.#error = error })
    server.on('headers', lines => {
      const extensions = lines.find(line => line.startsWith(extensionsHeader))
      this.#extensions = extensions?.slice(extensionsHeader.length) ?? ''
      for (const [name, value] of this.#acceptance?.headers?.entries() ?? []) lines.push(`${name}: ${value}`)
    })
    this.#servers.set(compress, server)
    return server
  }

  #serverOptions (compress: boolean) {
    const { autoping, contextTakeover, maxMsgSize, timeout } = this.options
    return {
      noServer: true,
      clientTracking: false,
      WebSocket: DeferredCloseSocket,
      // ws allows messages of exactly this size; below 2 it would mean no limit.
      maxPayload: maxMsgSize === 0 ? 0 : Math.max(1, maxMsgSize - 1),
      // As aiohttp: speed before size
      perMessageDeflate: compress
        ? { threshold: 0, zlibDeflateOptions: { level: 1 }, ...(!contextTakeover && { serverNoContextTakeover: true }) }
        : false,
      autoPong: autoping,
      closeTimeout: timeout,
      handleProtocols: () => this.#acceptance?.protocol ?? false
    }
  }
}

/** ws knows no lists here. */
function plain (raw: IncomingMessage): IncomingMessage {
  if (raw.headers.upgrade?.toLowerCase() === 'websocket') return raw
  return Object.create(raw, { headers: { value: { ...raw.headers, upgrade: 'websocket' } } })
}
