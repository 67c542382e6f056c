/**
 * A @fastify/websocket that is registered beside: its `{ websocket: true }` routes, its sockets, `injectWS`.
 *
 * Two listeners would route each handshake twice. Its listener is therefore taken off the app's server and
 * called for handshakes that match its routes only; a router of our own tells which. None of this exists in
 * an app without it.
 *
 * @module
 */

import { IncomingMessage } from 'node:http'
import type { Server } from 'node:net'
import { finished, type Duplex } from 'node:stream'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import FindMyWay from 'find-my-way'
import type { WebSocket, WebSocketServer } from 'ws'
import type { CloseOptions } from '../../lib/websocket/options.ts'
import type { Delivery } from '../../lib/websocket/outbox.ts'
import type { SharedMessage } from './broadcast.ts'
import type { OpenWebSocket } from './registry-options.ts'
import type { WebSocketRegistry } from './registry.ts'

type Listener = (raw: IncomingMessage, socket: Duplex, head: Buffer) => void

const kRequest: unique symbol = Symbol('fastify-aiohttp request')

declare module 'node:http' {
  interface IncomingMessage {
    [kRequest]?: FastifyRequest
  }
}

/** Bytes that may wait for one of its sockets; more makes it slow. The default of our own. */
const writerLimit = 262_144

/** What @fastify/websocket calls its listener; all of its instances share the marks on a request. */
const listenerName = 'onUpgrade'

/** The routes, sockets and listener of @fastify/websocket. */
export class Neighbour {
  readonly #app: FastifyInstance
  readonly #registry: WebSocketRegistry
  readonly #servers = new Set<WebSocketServer>()
  #routes: Array<{ route: RouteOptions, theirs: boolean }> = []
  #router: FindMyWay.Instance<FindMyWay.HTTPVersion.V1> | undefined
  #listener: Listener | undefined

  constructor (app: FastifyInstance, registry: WebSocketRegistry) {
    this.#app = app
    this.#registry = registry
    const note = (instance: FastifyInstance, route: RouteOptions) => this.#note(instance, route)
    app.addHook('onRoute', function (route) { note(this, route) })
  }

  /** Once all routes are known: takes over what is there. */
  meet (ours: Listener): void {
    const { server } = this.#app
    for (const websocketServer of this.#servers) {
      websocketServer.on('connection', (socket, raw) => this.#register(socket, raw))
    }
    const listeners = server.listeners('upgrade').filter(({ name }) => name === listenerName) as Listener[]
    const theirs = listeners.filter(listener => listener !== ours)
    if (this.#servers.size > 0 && theirs.length > 0) this.#takeOver(server, theirs)
    this.#routes = []
  }

  /** Passes a handshake on if it is for one of its routes. */
  take (raw: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    // The streams of `injectWS` do not close when both sides have ended.
    if (!(raw instanceof IncomingMessage)) finished(socket, () => socket.destroy())
    if (this.#listener === undefined || this.#registry.closing) return false
    const { host, 'accept-version': version } = raw.headers
    const derived = { ...(host !== undefined && { host }), ...(version !== undefined && { version: String(version) }) }
    if (this.#router?.find('GET', raw.url ?? '/', derived)?.store !== true) return false
    this.#listener(raw, socket, head)
    return true
  }

  /**
   * The request without the marks of `injectWS`, which would let @fastify/websocket take it from our handler
   * where it wraps that.
   */
  unmark (raw: IncomingMessage): IncomingMessage {
    return raw instanceof IncomingMessage ? raw : Object.fromEntries(Object.entries(raw)) as unknown as IncomingMessage
  }

  #note (instance: FastifyInstance, route: RouteOptions): void {
    if (![route.method].flat().includes('GET')) return
    const { websocket, wsHandler } = route as RouteOptions & { websocket?: boolean, wsHandler?: unknown }
    const theirs = (websocket === true || wsHandler !== undefined) && instance.hasDecorator('websocketServer')
    this.#routes.push({ route, theirs })
    if (!theirs) return
    // Not as a property: that would need the types of a package we do not depend on.
    this.#servers.add(instance.getDecorator<WebSocketServer>('websocketServer'))
    route.preHandler = [async (request: FastifyRequest) => { request.raw[kRequest] = request }]
      .concat(route.preHandler as [] ?? [])
  }

  #takeOver (server: Server, listeners: Listener[]): void {
    for (const listener of listeners) server.off('upgrade', listener)
    this.#listener = listeners[0]
    const router = FindMyWay<FindMyWay.HTTPVersion.V1>(routerOptions(this.#app))
    for (const { route, theirs } of this.#routes) {
      const { host, version } = route.constraints ?? {}
      const constraints = { ...(host !== undefined && { host }), ...(version !== undefined && { version }) }
      if (router.findRoute('GET', route.url, constraints) !== null) continue
      router.on('GET', route.url, { constraints }, () => {}, theirs)
    }
    this.#router = router
  }

  #register (socket: WebSocket, raw: IncomingMessage): void {
    const request = raw[kRequest]
    if (request === undefined) return
    const open = new NeighbourWebSocket(socket, request)
    this.#registry.add(open, false)
    socket.once('close', () => this.#registry.delete(open))
  }
}

/** A socket of @fastify/websocket, as the registry wants it. */
class NeighbourWebSocket implements OpenWebSocket {
  readonly request: FastifyRequest
  readonly route: string
  readonly openedAt = Date.now()
  readonly #socket: WebSocket

  constructor (socket: WebSocket, request: FastifyRequest) {
    this.#socket = socket
    this.request = request
    this.route = request.routeOptions.url ?? ''
  }

  async close ({ code = 1000, message = '' }: CloseOptions = {}): Promise<void> {
    this.#socket.close(code, message)
  }

  terminate (): void {
    this.#socket.terminate()
  }

  deliver ({ data, binary, compress }: SharedMessage): Delivery {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) return 'closed'
    if (socket.bufferedAmount > writerLimit) return 'slow'
    socket.send(data, { binary, compress })
    return 'sent'
  }
}

function routerOptions (app: FastifyInstance): object {
  const { routerOptions = {}, ...initial } = app.initialConfig
  const all = { ...initial, ...routerOptions }
  const { caseSensitive, ignoreTrailingSlash, ignoreDuplicateSlashes, maxParamLength, allowUnsafeRegex } = all
  const picked = { caseSensitive, ignoreTrailingSlash, ignoreDuplicateSlashes, maxParamLength, allowUnsafeRegex }
  return Object.fromEntries(Object.entries(picked).filter(([, value]) => value !== undefined))
}
