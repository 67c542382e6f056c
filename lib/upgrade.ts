/**
 * Requests that ask to switch protocols: which are websocket handshakes, and what becomes of all others.
 *
 * Node takes a request with `Upgrade` away from the HTTP parser as soon as anybody listens for upgrades, and
 * would so refuse what curl --http2 and Java's HttpClient send (`Upgrade: h2c`). RFC 9110, section 7.8 lets a
 * server ignore the header: the head is put back without the token of `Connection` that makes it one for us, and
 * parsed again.
 *
 * @module
 */

import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Whether a request asks for the websocket protocol (RFC 6455, section 4.1). */
export function isWebSocketHandshake (request: IncomingMessage): boolean {
  return request.method === 'GET' && tokens(request.headers.upgrade ?? '').includes('websocket')
}

/**
 * Keeps requests with a body on the parser where Node asks, which 24.9 and later do: a body that belongs to an
 * upgrade is no longer left for us to parse again. Others are taken off and may be declined, for Node itself loses
 * what is pipelined behind an upgrade that it ignores.
 */
export function keepBodies (server: EventEmitter): void {
  if (!('shouldUpgradeCallback' in server)) return
  server.shouldUpgradeCallback = ({ headers }: IncomingMessage) =>
    headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
}

/** Hands a request that Node took off the parser back to it, as an ordinary one. */
export function declineUpgrade (
  server: EventEmitter, secure: boolean, request: IncomingMessage, socket: Duplex, head: Buffer
): void {
  socket.unshift(Buffer.concat([headWithoutUpgrade(request), head]))
  server.emit(secure ? 'secureConnection' : 'connection', socket)
}

function headWithoutUpgrade (request: IncomingMessage): Buffer {
  const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}`]
  const { rawHeaders } = request
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'http2-settings') continue
    const kept = lower === 'connection'
      ? tokens(value).filter(token => token !== 'upgrade' && token !== 'http2-settings').join(', ')
      : value
    if (kept !== '') lines.push(`${name}: ${kept}`)
  }
  // Node decodes heads as latin1, so this gives back the bytes that came.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

function tokens (value: string): string[] {
  return value.toLowerCase().split(',').map(item => item.trim()).filter(item => item !== '')
}
