/**
 * The server of one site: Node's own, with every socket known to the runner.
 *
 * A site never uses the app's server, which does not listen. Upgrades and parser errors are handed to it, for
 * that is where Fastify and its plugins listen for them.
 *
 * @module
 */

import type { EventEmitter } from 'node:events'
import {
  createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions,
  type ServerResponse
} from 'node:http'
import { createServer as createHttpsServer, type ServerOptions as HttpsOptions } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { SiteResponse, type Connections } from './connections.ts'
import { declineUpgrade, isWebSocketHandshake, markUpgraded } from './upgrade.ts'

/** What a site serves. */
export interface Served {
  readonly handler: RequestListener
  /** The app's own server: `upgrade` and `clientError` are emitted there. */
  readonly events: EventEmitter
  readonly serverOptions: ServerOptions
  /** How long a socket may be silent, in milliseconds; 0 is without limit. */
  readonly timeout?: number
  /** How many requests a connection may carry; 0 is without limit. */
  readonly maxRequestsPerSocket?: number
}

/** The options of TLS as `node:tls` takes them: `key`, `cert`, `pfx`, `ca`, … */
export type TLSOptions = HttpsOptions

/** A server for one site that is not listening yet. */
export function createSiteServer (served: Served, connections: Connections, tls: TLSOptions | undefined): Server {
  const secure = tls !== undefined
  const options: ServerOptions = { ...served.serverOptions, ServerResponse: SiteResponse }
  const server = secure ? createHttpsServer({ ...options, ...tls }) : createHttpServer(options)
  server.timeout = served.timeout ?? 0
  server.maxRequestsPerSocket = served.maxRequestsPerSocket ?? 0
  server.on('request', connections.listener(served.handler))
  // Node answers these itself unless somebody listens for them.
  for (const event of ['checkContinue', 'checkExpectation']) {
    if (served.events.listenerCount(event) === 0) continue
    server.on(event, connections.listener((request, response) => { served.events.emit(event, request, response) }))
  }

  // Before Node's own listeners, so that a socket is known when its first request arrives.
  server.prependListener('connection', (socket: Socket) => connections.add(socket, secure))
  if (secure) server.prependListener('secureConnection', (socket: Socket) => connections.secured(socket))

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isWebSocketHandshake(request) && served.events.listenerCount('upgrade') > 0) {
      markUpgraded(request)
      served.events.emit('upgrade', request, socket, head)
    } else {
      declineUpgrade(server, secure, request, socket, head)
    }
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!served.events.emit('clientError', error, socket)) answerClientError(error, socket)
  })
  // Stopping bypasses http.Server.close; once nothing is open any more it stops Node's timer for this server.
  server.once('close', () => server.close())
  return server
}

const clientErrors: Partial<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout'
}

/** What Node does where nobody listens for `clientError`. */
function answerClientError (error: NodeJS.ErrnoException, socket: Duplex): void {
  const answering = (socket as { _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true
  if (socket.writable && !answering) {
    socket.write(`HTTP/1.1 ${clientErrors[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  }
  socket.destroy(error)
}

/**
 * Stops accepting without touching a connection. Node's own `http.Server.close` would also drop what is idle
 * and stop watching the header and request timeouts of what is still being received.
 */
export function stopListening (server: Server): void {
  NetServer.prototype.close.call(server)
}
