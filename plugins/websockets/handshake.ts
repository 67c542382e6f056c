/**
 * The server's part of the opening handshake (RFC 6455, section 4.2), on a raw request and its socket.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AIO_ERR_WS_CLOSED } from '../../lib/errors.ts'
import type { Headers } from '../../lib/headers.ts'
import { subprotocol } from '../../lib/websocket/parts.ts'
import type { Agreed, SocketSettings } from '../../lib/websocket/socket.ts'
import { HTTPBadRequest, HTTPForbidden, HTTPUpgradeRequired } from '../exceptions/index.ts'
import { agreeOn } from './deflate.ts'
import type { Origins, ResolvedWebSocketOptions } from './options.ts'

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

// RFC 6455, section 1.3
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

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
  /** What the sockets have in common. */
  readonly settings: SocketSettings

  constructor (options: ResolvedWebSocketOptions) {
    const { autoping, maxMsgSize, timeout } = options
    this.options = options
    this.settings = {
      isServer: true,
      // ws allows messages of exactly this size; below 2 it would mean no limit.
      maxPayload: maxMsgSize === 0 ? 0 : Math.max(1, maxMsgSize - 1),
      autoPong: autoping,
      closeTimeout: timeout
    }
  }

  /**
   * Answers a checked handshake with 101, and says what was agreed on.
   *
   * @throws HTTPBadRequest when a header is malformed, AIO_ERR_WS_CLOSED when the client has gone meanwhile
   */
  accept ({ raw, socket }: Upgradable, { protocol, headers }: Acceptance): Agreed {
    checkProtocols(raw)
    if (!socket.readable || !socket.writable) {
      socket.destroy()
      throw new AIO_ERR_WS_CLOSED('prepare')
    }
    const agreement = this.options.compress ? agreeOn(raw, this.options, this.settings.maxPayload) : undefined
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptance(raw.headers['sec-websocket-key'] ?? '')}`
    ]
    if (protocol !== null) lines.push(`Sec-WebSocket-Protocol: ${protocol}`)
    if (agreement !== undefined) lines.push(`Sec-WebSocket-Extensions: ${agreement.header}`)
    for (const [name, value] of headers?.entries() ?? []) lines.push(`${name}: ${value}`)
    socket.write(lines.join('\r\n') + '\r\n\r\n')
    // Streams that are injected have neither.
    if (socket instanceof Socket) socket.setTimeout(0).setNoDelay()
    if (protocol === null && agreement === undefined) return nothingAgreed
    return { protocol: protocol ?? '', compression: agreement?.compression }
  }
}

const nothingAgreed: Agreed = { protocol: '', compression: undefined }

/** What proves that the handshake was understood (RFC 6455, section 4.2.2). */
function acceptance (key: string): string {
  return createHash('sha1').update(key + guid).digest('base64')
}

/** @throws HTTPBadRequest for a header that is no list of different tokens */
function checkProtocols ({ headers }: IncomingMessage): void {
  const offered = headers['sec-websocket-protocol']
  if (offered === undefined) return
  try {
    subprotocol.parse(offered)
  } catch {
    throw new HTTPBadRequest({ text: 'Invalid Sec-WebSocket-Protocol header' })
  }
}
