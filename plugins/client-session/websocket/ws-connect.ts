/**
 * The client's part of the opening handshake (RFC 6455, section 4.1).
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import { FrameSocket } from '../../../lib/websocket/socket.ts'
import { WSServerHandshakeError } from '../errors.ts'
import { HeaderMap } from '../header-map.ts'
import type { ClientResponse } from '../response/response.ts'
import type { ClientSession } from '../session.ts'
import type { UrlInit } from '../url/url.ts'
import { agreementOf, offerOf, type Agreement } from './ws-deflate.ts'
import { splitWsOptions, type ResolvedWsOptions, type WsConnectOptions } from './ws-options.ts'
import { ClientWebSocketResponse } from './ws-response.ts'

// RFC 6455, section 1.3
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Opens a websocket: see `session.wsConnect()`. */
export async function wsConnect (
  session: ClientSession, url: UrlInit, options: WsConnectOptions
): Promise<ClientWebSocketResponse> {
  const { own, handshake } = splitWsOptions(options)
  const key = randomBytes(16).toString('base64')
  const headers = handshakeHeaders(options, own, key)
  const { response, socket, head } = await session.upgrade(options.method ?? 'GET', url, { ...handshake, headers })
  if (socket === undefined) {
    response.release()
    throw refusal(response, 'Invalid response status')
  }
  try {
    checkAcceptance(response, key)
    // ws allows messages of exactly this size.
    const maxPayload = own.maxMsgSize === 0 ? 0 : Math.max(1, own.maxMsgSize - 1)
    const agreement = agreeOn(response, own.compress, maxPayload)
    const settings = { isServer: false, maxPayload, autoPong: own.autoping, closeTimeout: own.timeout }
    const protocol = chosenProtocol(response, own.protocols)
    const frames = new FrameSocket(socket, head, settings, { protocol, compression: agreement?.compression })
    return new ClientWebSocketResponse(own, response, frames, agreement?.clientNoTakeover ?? false)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function handshakeHeaders (
  { headers: own, origin }: WsConnectOptions, { protocols, compress }: ResolvedWsOptions, key: string
): HeaderMap {
  const headers = new HeaderMap(own)
  const fixed: Record<string, string> = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' }
  for (const [name, value] of Object.entries(fixed)) if (!headers.has(name)) headers.set(name, value)
  headers.set('Sec-WebSocket-Key', key)
  if (protocols.length > 0) headers.set('Sec-WebSocket-Protocol', protocols.join(','))
  if (origin !== undefined) headers.set('Origin', origin)
  if (compress > 0) headers.set('Sec-WebSocket-Extensions', offerOf(compress))
  return headers
}

function checkAcceptance (response: ClientResponse, key: string): void {
  const { headers } = response
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') throw refusal(response, 'Invalid upgrade header')
  const tokens = headers.get('connection')?.toLowerCase().split(',').map(token => token.trim())
  if (tokens?.includes('upgrade') !== true) throw refusal(response, 'Invalid connection header')
  const expected = createHash('sha1').update(key + guid).digest('base64')
  if (headers.get('sec-websocket-accept') !== expected) throw refusal(response, 'Invalid challenge response')
}

/** The first of the server's list that was asked for; one nobody asked for is not taken. */
function chosenProtocol ({ headers }: ClientResponse, asked: readonly string[]): string {
  const given = headers.getAll('sec-websocket-protocol').join(',').split(',').map(protocol => protocol.trim())
  return given.find(protocol => asked.includes(protocol)) ?? ''
}

/** Compression nobody asked for is not taken. */
function agreeOn (response: ClientResponse, bits: number, maxPayload: number): Agreement | undefined {
  const header = response.headers.getAll('sec-websocket-extensions').join(', ')
  if (bits === 0 || header === '') return undefined
  try {
    return agreementOf(header, bits, maxPayload)
  } catch (error) {
    throw refusal(response, error instanceof Error ? error.message : String(error), error)
  }
}

function refusal (response: ClientResponse, message: string, cause?: unknown): WSServerHandshakeError {
  const { requestInfo, history, status, headers } = response
  return new WSServerHandshakeError({ requestInfo, history, status, headers, message, cause })
}
