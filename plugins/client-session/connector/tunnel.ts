/**
 * A tunnel through an HTTP proxy (RFC 9110, section 9.3.6).
 *
 * @module
 */

import type { Socket } from 'node:net'
import { ClientHttpProxyError, ServerDisconnectedError } from '../errors.ts'
import { HeaderMap } from '../header-map.ts'
import { Connection } from '../http1/connection.ts'
import type { RequestUrl } from '../url/request-url.ts'
import { reasonOf } from './abortable.ts'
import type { ProxyTarget } from './target.ts'

/** What is the same for every CONNECT: no body, and no time of its own, for the signal ends it. */
const connect = {
  method: 'CONNECT',
  body: null,
  length: null,
  chunked: false,
  expectContinue: false,
  upgrade: true,
  readUntilEof: true,
  readBufferSize: 65_536,
  maxBodySize: Infinity,
  limits: { maxLineSize: 8190, maxFieldSize: 8190, maxHeaders: 128 },
  socketRead: 0,
  idle: 0,
  write: 0
}

/**
 * Asks the proxy for a connection to the server.
 *
 * @throws ClientHttpProxyError when it refuses, ServerDisconnectedError when it goes away
 */
export async function openTunnel (
  socket: Socket, url: RequestUrl, proxy: ProxyTarget, signal: AbortSignal
): Promise<Socket> {
  signal.throwIfAborted()
  const connection = new Connection(socket, 'tunnel', { onFree: () => {}, onClosed: () => {} })
  const host = `${url.hostname.includes(':') ? `[${url.hostname}]` : url.hostname}:${url.port}`
  const onAbort = () => { connection.abort(reasonOf(signal)) }
  signal.addEventListener('abort', onAbort)
  try {
    const head = `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${proxy.headers}\r\n`
    const { head: answer, upgraded } = await connection.exchange({ ...connect, head })
    if (upgraded === undefined) {
      throw new ClientHttpProxyError({
        requestInfo: {
          method: 'CONNECT', url: url.href, realUrl: proxy.url.href, headers: new HeaderMap({ Host: host })
        },
        status: answer.status,
        message: answer.reason,
        headers: HeaderMap.of(answer.headers)
      })
    }
    // A server speaks first in no protocol of ours: such bytes come from a proxy that is confused.
    if (upgraded.rest.length > 0) throw new ServerDisconnectedError('The proxy sent data before the TLS handshake')
    return socket
  } catch (error) {
    connection.close()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
