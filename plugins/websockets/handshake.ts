/**
 * The server's part of the opening handshake (RFC 6455, section 4.2), on a raw request and its socket.
 *
 * @module
 */

import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { AIO_ERR_WS_CLOSED } from '../../lib/errors.ts'
import type { Headers } from '../../lib/headers.ts'
import { HTTPBadRequest, HTTPUpgradeRequired } from '../exceptions/index.ts'
import type { ResolvedWebSocketOptions } from './options.ts'
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
  readonly options: ResolvedWebSocketOptions
  readonly protocol: string | null
  readonly headers: Headers
}

// 16 bytes in base64
const key = /^[+/0-9A-Za-z]{22}==$/

/**
 * Throws what the client gets told when its request is no websocket handshake.
 *
 * @throws HTTPBadRequest, HTTPUpgradeRequired
 */
export function checkHandshake (raw: IncomingMessage): void {
  const { upgrade, connection, host, 'sec-websocket-version': version } = raw.headers
  // Node leaves this check out for upgrades (RFC 9112, section 3.2); injected requests have no need of one.
  if (raw instanceof IncomingMessage && raw.httpVersion === '1.1' && host === undefined) {
    throw new HTTPBadRequest({ text: "Missing 'Host' header in request." })
  }
  if (upgrade?.trim().toLowerCase() !== 'websocket') {
    throw new HTTPBadRequest({
      text: `No WebSocket UPGRADE hdr: ${upgrade ?? 'None'}\n Can "Upgrade" only to "WebSocket".`
    })
  }
  if (!(connection ?? '').toLowerCase().split(',').some(token => token.trim() === 'upgrade')) {
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
  const offered = raw.headers['sec-websocket-key']
  if (offered === undefined) throw new HTTPBadRequest({ text: 'Handshake error: None' })
  if (!key.test(offered)) throw new HTTPBadRequest({ text: `Handshake error: '${offered}'` })
}

/** The first subprotocol the client offers that is among the known ones, or `null`. */
export function selectProtocol ({ headers }: IncomingMessage, known: readonly string[]): string | null {
  const offered = headers['sec-websocket-protocol']?.split(',').map(item => item.trim()) ?? []
  return offered.find(item => known.includes(item)) ?? null
}

/**
 * Answers a checked handshake with 101.
 *
 * @throws HTTPBadRequest when a header is malformed, AIO_ERR_WS_CLOSED when the client has gone meanwhile
 */
export function acceptHandshake (upgradable: Upgradable, acceptance: Acceptance): DeferredCloseSocket {
  const { compress } = acceptance.options
  const offered = upgradable.raw.headers['sec-websocket-extensions'] !== undefined
  const first = attempt(upgradable, acceptance, compress)
  // An offer we cannot take is declined, not refused.
  const result = first instanceof Error && compress && offered ? attempt(upgradable, acceptance, false) : first
  if (result instanceof DeferredCloseSocket) return result
  throw result === undefined ? new AIO_ERR_WS_CLOSED('prepare') : new HTTPBadRequest({ text: result.message })
}

function attempt (
  { raw, socket, head }: Upgradable, { options, protocol, headers }: Acceptance, compress: boolean
): DeferredCloseSocket | Error | undefined {
  let result: DeferredCloseSocket | Error | undefined
  const serverOptions = {
    noServer: true,
    clientTracking: false,
    WebSocket: DeferredCloseSocket,
    // ws allows messages of exactly this size; below 2 it would mean no limit.
    maxPayload: options.maxMsgSize === 0 ? 0 : Math.max(1, options.maxMsgSize - 1),
    // As aiohttp: speed before size
    perMessageDeflate: compress ? { zlibDeflateOptions: { level: 1 } } : false,
    autoPong: options.autoping,
    closeTimeout: options.timeout,
    handleProtocols: () => protocol ?? false
  }
  const server = new WebSocketServer<typeof DeferredCloseSocket>(serverOptions)
  server.on('wsClientError', error => { result = error })
  server.on('headers', lines => {
    for (const [name, value] of headers.entries()) lines.push(`${name}: ${value}`)
  })
  // Works with any duplex stream, although it is typed for network sockets.
  server.handleUpgrade(raw, socket as Socket, head, accepted => { result = accepted })
  return result
}
