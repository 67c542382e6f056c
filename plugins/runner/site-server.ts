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
import { declineUpgrade, isWebSocketHandshake, keepBodies } from '../../lib/upgrade.ts'
import { kConnection, SiteResponse, type Connections, type SiteListener } from './connections.ts'
import type { Hardening } from './hardening.ts'
import { pathOf } from './report.ts'

/** Who answers: asked anew for each request, for a swap puts another one in its place. */
export interface Front {
  handler: RequestListener
  /** The app's own server: `upgrade` and `clientError` are emitted there. */
  events: EventEmitter
}

/** What a site serves. */
export interface Served {
  readonly front: Front
  readonly serverOptions: ServerOptions
  /** How long a socket may be silent, in milliseconds; 0 is without limit. */
  readonly timeout?: number
  /** How many requests a connection may carry; 0 is without limit. */
  readonly maxRequestsPerSocket?: number
}

/** The options of TLS as `node:tls` takes them: `key`, `cert`, `pfx`, `ca`, … */
export type TLSOptions = HttpsOptions

/** A site, as its server sees it. */
export interface SiteServerOptions extends Served {
  readonly connections: Connections
  /** What is kept from the app; `null` keeps nothing. */
  readonly hardening: Hardening | null
  readonly tls: TLSOptions | undefined
}

/** A server for one site that is not listening yet. */
export function createSiteServer (site: SiteServerOptions): Server {
  const { connections, hardening, tls } = site
  const secure = tls !== undefined
  const given = { ...site.serverOptions, ServerResponse: SiteResponse }
  const options = hardening === null ? given : hardening.serverOptions(given)
  const server = secure ? createHttpsServer({ ...options, ...tls }) : createHttpServer(options)
  server.timeout = site.timeout ?? 0
  server.maxRequestsPerSocket = site.maxRequestsPerSocket ?? 0
  if (hardening !== null) server.maxHeadersCount = hardening.maxHeadersCount

  // Before Node's own listeners, so that a socket is known when its first request arrives.
  server.prependListener('connection', (socket: Socket) => {
    const connection = connections.add(socket, secure)
    if (connection !== null) hardening?.admit(connection)
  })
  if (secure) server.prependListener('secureConnection', (socket: Socket) => connections.secured(socket))
  listenForRequests(server, site)
  listenForUpgrades(server, site)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const { events } = site.front
    // For access logs: whoever listens to `clientError` answers, who listens to this only hears of it.
    if (error.code !== 'ECONNRESET') events.emit('protocolError', error, socket)
    if (hardening !== null && !hasOwnWords(events)) hardening.answerParserError(error, socket)
    else if (!events.emit('clientError', error, socket)) answerClientError(error, socket)
  })
  // Stopping bypasses http.Server.close; once nothing is open any more it stops Node's timer for this server.
  server.once('close', () => server.close())
  return server
}

/** Requests, and those that expect something, which Node reports under other names. */
function listenForRequests (server: Server, { connections, front, hardening }: SiteServerOptions): void {
  const listen = (event: string, listener: SiteListener) => {
    const guarded = hardening === null ? listener : hardening.guard(listener)
    server.on(event, connections.listener(guarded))
  }
  listen('request', (request, response) => { front.handler(request, response) })
  listen('checkContinue', (request, response) => {
    if (front.events.emit('checkContinue', request, response)) return
    response.writeContinue()
    front.handler(request, response)
  })
  listen('checkExpectation', (request, response) => {
    if (!front.events.emit('checkExpectation', request, response)) response.writeHead(417).end()
  })
}

/** Websocket handshakes go to the app; nothing else switches protocols. */
function listenForUpgrades (server: Server, { front, hardening, tls }: SiteServerOptions): void {
  const wanted = (request: IncomingMessage) =>
    isWebSocketHandshake(request) && front.events.listenerCount('upgrade') > 0
  keepBodies(server)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (hardening?.allowsUpgrade(request, socket) === false) return
    if (wanted(request)) {
      const connection = request.socket[kConnection]
      if (connection !== undefined) connection.upgraded = { path: pathOf(request) }
      front.events.emit('upgrade', request, socket, head)
    } else {
      declineUpgrade(server, tls !== undefined, request, socket, head)
    }
  })
  if (hardening !== null) server.on('connect', request => hardening.refuseConnect(request))
}

/** Whether the app answers parser errors in its own words: Fastify's own handler knows nothing of pipelines. */
function hasOwnWords (events: EventEmitter): boolean {
  return events.listeners('clientError').some(({ name }) => name !== 'bound defaultClientErrorHandler')
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
