/**
 * Websockets: `app.websocket()`, `WebSocketResponse` in any GET handler, and the registry of all that are open.
 *
 * Owns one `upgrade` listener of the app's server and adds no hook to any request: plain routes pay nothing.
 * Routes of a @fastify/websocket that is registered beside keep working and are in the registry too.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { Server as TlsServer } from 'node:tls'
import type { Duplex } from 'node:stream'
import type {
  FastifyInstance, FastifyRequest, RouteHandlerMethod, RouteOptions, RouteShorthandOptions
} from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import {
  anything, checkOptions, describe, either, func, integer, milliseconds, object, oneOf, type Shape
} from '../../lib/options.ts'
import { declineUpgrade, isWebSocketHandshake, keepBodies } from '../../lib/upgrade.ts'
import { BackplaneLink, type Backplane } from './backplane.ts'
import { Handshakes } from './handshake.ts'
import { Neighbour } from './neighbour.ts'
import { originsCheck, resolveWebSocketOptions, webSocketShape, type Origins, type WebSocketOptions } from './options.ts'
import { WebSocketRegistry } from './registry.ts'
import { WebSocketResponse } from './response.ts'
import { routeUpgrade } from './upgrade.ts'

export { WebSocketConnection } from '../../lib/websocket/connection.ts'
export { WebSocketError } from '../../lib/websocket/errors.ts'
export { Message, WSCloseCode, WSMsgType, type WSMessage } from '../../lib/websocket/message.ts'
export type {
  CloseOptions, ConnectionOptions, RateLimitOptions, ReceiveOptions, ResolvedConnectionOptions
} from '../../lib/websocket/options.ts'
export type { SendOptions } from '../../lib/websocket/outbox.ts'
export type { SendJsonBytesOptions } from '../../lib/websocket/sender.ts'
export type { Bytes } from '../../lib/websocket/writer.ts'
export type { Backplane, BackplaneEvents } from './backplane.ts'
export { natsBackplane, type NatsBackplaneOptions } from './nats-backplane.ts'
export { redisBackplane, type RedisBackplaneOptions } from './redis-backplane.ts'
export type { Origins, ResolvedWebSocketOptions, WebSocketOptions } from './options.ts'
export type {
  BroadcastOptions, BroadcastResult, CloseAllOptions, OpenWebSocket, WebSocketCounts
} from './registry-options.ts'
export type { WebSocketRegistry } from './registry.ts'
export { WebSocketResponse, type WebSocketReady } from './response.ts'

/** Options of the websockets plugin. */
export interface WebSocketsOptions {
  /**
   * Milliseconds each websocket has at shutdown to answer the close frame, before its connection is dropped.
   *
   * @default 5000
   */
  closeTimeout?: number
  /**
   * How many websockets are closed at once.
   *
   * @default 500
   */
  closeBatch?: number
  /**
   * Milliseconds between two batches; a process that is late catches up, at most to half of it.
   *
   * @default 50
   */
  closeInterval?: number
  /**
   * Milliseconds over which the closing of all is spread, however many they are; in place of `closeBatch`.
   *
   * @default null
   */
  closeSpread?: number | null
  /**
   * Which pages may open a websocket: `'same'` only those of the same host, `'*'` all, or a list of origins.
   * Clients that send no Origin always may. Each websocket can have its own.
   *
   * @default 'same'
   */
  origins?: Origins
  /**
   * How many may be open; one more gets 503. 0 is no limit.
   *
   * @default 0
   */
  maxConnections?: number
  /**
   * How many may be open from one `request.ip`; one more gets 429. 0 is no limit.
   *
   * @default 0
   */
  maxConnectionsPerAddress?: number
  /**
   * Carries broadcasts to other processes: `redisBackplane()`, `natsBackplane()`, or one of your own.
   *
   * @default none: broadcasts stay in this process
   */
  backplane?: Backplane
}

type OwnRouteOptions = Pick<RouteShorthandOptions, 'onRequest' | 'preParsing' | 'preValidation' | 'preHandler' |
  'onResponse' | 'onError' | 'errorHandler' | 'schema' | 'attachValidation' | 'constraints' | 'config' | 'logLevel'>

/** Options of one websocket route: those of the websocket, and of a Fastify route. */
export interface WebSocketRouteOptions extends WebSocketOptions, OwnRouteOptions {}

/** Runs for each websocket. When it returns the websocket is closed with 1000, when it fails with 1011. */
export type WebSocketHandler = (
  this: FastifyInstance, ws: WebSocketResponse, request: FastifyRequest
) => Promise<unknown> | unknown

declare module 'fastify' {
  interface FastifyInstance {
    /** All open websockets. */
    readonly websockets: WebSocketRegistry
    /**
     * Adds a websocket route; hooks run before the handshake is answered.
     *
     * @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
     */
    websocket (path: string, handler: WebSocketHandler): FastifyInstance
    websocket (path: string, options: WebSocketRouteOptions, handler: WebSocketHandler): FastifyInstance
  }
}

const shape: Shape<WebSocketsOptions> = {
  closeTimeout: milliseconds,
  closeBatch: integer(1),
  closeInterval: milliseconds,
  closeSpread: either(milliseconds, oneOf(null)),
  origins: originsCheck,
  maxConnections: integer(0),
  maxConnectionsPerAddress: integer(0),
  backplane: object
}

const routeShape: Shape<OwnRouteOptions> = {
  onRequest: anything,
  preParsing: anything,
  preValidation: anything,
  preHandler: anything,
  onResponse: anything,
  onError: anything,
  errorHandler: func,
  schema: anything,
  attachValidation: anything,
  constraints: anything,
  config: anything,
  logLevel: anything
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<WebSocketsOptions>(async function websockets (app, options) {
  checkOptions('the websockets plugin', options, shape)
  const {
    closeTimeout = 5000, closeBatch = 500, closeInterval = 50, closeSpread = null, origins = 'same',
    maxConnections = 0, maxConnectionsPerAddress = 0
  } = options
  const registry = new WebSocketRegistry({
    closeTimeout, closeBatch, closeInterval, closeSpread, origins, maxConnections, maxConnectionsPerAddress
  })

  const registered = new Registered(app)
  app.decorate('websockets', registry)
  app.decorate('websocket', function (
    this: FastifyInstance, path: string, options: WebSocketRouteOptions | WebSocketHandler, handler?: WebSocketHandler
  ) {
    return typeof options === 'function'
      ? addRoute(this, registered, path, {}, options)
      : addRoute(this, registered, path, options, handler)
  })
  if (options.backplane !== undefined) connectBackplane(app, registry, options.backplane)
  listen(app, registry)
  closeWithApp(app, registry)
}, {
  name: 'websockets',
  fastify: '5.x'
})

/** Up before the first handshake, if it can be; down after the last goodbye. */
function connectBackplane (app: FastifyInstance, registry: WebSocketRegistry, backplane: Backplane): void {
  const link = new BackplaneLink(backplane, app.log)
  const deliver = registry.connect(link.relay)
  app.addHook('onReady', async () => { await link.start(deliver) })
  app.addHook('onClose', async () => { await link.stop() })
}

/** The one place where handshakes enter the application. */
function listen (app: FastifyInstance, registry: WebSocketRegistry): void {
  const neighbour = new Neighbour(app, registry)
  const routing = app.routing.bind(app)
  const onUpgrade = (raw: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isWebSocketHandshake(raw)) declineUpgrade(app.server, app.server instanceof TlsServer, raw, socket, head)
    else if (!neighbour.take(raw, socket, head)) {
      routeUpgrade(neighbour.unmark(raw), socket, head, routing, registry.closing)
    }
  }
  keepBodies(app.server)
  app.server.on('upgrade', onUpgrade)
  app.addHook('onReady', async () => { neighbour.meet(onUpgrade) })
  app.addHook('onClose', async () => { app.server.off('upgrade', onUpgrade) })
}

/** With signals after all other receivers of onShutdown; alone, or when nobody sent it, in `preClose`. */
function closeWithApp (app: FastifyInstance, registry: WebSocketRegistry): void {
  const closeWebSockets = async () => { await registry.shutdown() }
  if (app.hasDecorator('onShutdown')) app.onShutdown(closeWebSockets, { last: true, mayBeLeft: true })
  else app.addHook('preClose', closeWebSockets)
}

function addRoute (
  app: FastifyInstance, registered: Registered, path: string, options: WebSocketRouteOptions,
  handler: WebSocketHandler | undefined
): FastifyInstance {
  const where = 'app.websocket()'
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/') && path !== '*')) {
    throw new AIO_ERR_ARGUMENT_INVALID('path', where, 'a string that begins with "/"', describe(path))
  }
  if (typeof handler !== 'function') {
    throw new AIO_ERR_ARGUMENT_INVALID('handler', `${where} of "${path}"`, 'a function', describe(handler))
  }
  checkOptions(`the websocket route "${path}"`, options, { ...webSocketShape, ...routeShape })
  const { own, route } = split(options)
  const handshakes = new Handshakes(resolveWebSocketOptions(where, own))
  let wrapped = true
  const open: RouteHandlerMethod = async (request, reply) => {
    const ws = new WebSocketResponse(handshakes)
    await ws.prepare(request)
    // From here on the websocket is ours: neither a result nor an error may become an HTTP response.
    reply.hijack()
    const ended = run(app, ws, request, handler)
    if (wrapped) return ended
    // Nobody waits for it: then nothing of the exchange need be kept as long as the websocket is open.
    ws.forgetResponse()
  }
  app.route({ ...route, method: 'GET', url: path, handler: open })
  wrapped = registered.isWrapped(open)
  return app
}

/** What has become of the handlers of routes in the hooks of other plugins. */
class Registered {
  readonly #routes = new WeakMap<RouteHandlerMethod, RouteOptions>()

  constructor (app: FastifyInstance) {
    app.addHook('onRoute', route => {
      if (route.method === 'GET') this.#routes.set(route.handler, route)
    })
  }

  /** Whether somebody calls the handler in Fastify's place, and may do something when it has ended. */
  isWrapped (handler: RouteHandlerMethod): boolean {
    return this.#routes.get(handler)?.handler !== handler
  }
}

/** Runs the handler, then closes. Does not fail. */
function run (
  app: FastifyInstance, ws: WebSocketResponse, request: FastifyRequest, handler: WebSocketHandler
): Promise<void> {
  // No async function around it, which would be kept as long as the websocket is open.
  return Promise.resolve(start(app, ws, request, handler)).then(
    () => finish(ws, 1000),
    error => {
      request.log.error({ err: error, req: request }, 'Error in a websocket handler')
      return finish(ws, 1011)
    }
  )
}

function start (
  app: FastifyInstance, ws: WebSocketResponse, request: FastifyRequest, handler: WebSocketHandler
): unknown {
  try {
    return handler.call(app, ws, request)
  } catch (error) {
    return Promise.reject(error)
  }
}

async function finish (ws: WebSocketResponse, code: number): Promise<void> {
  ws.handlerEnded()
  await ws.close({ code })
}

/** Tells the options of the websocket from those of the route. */
function split (options: WebSocketRouteOptions): { own: WebSocketOptions, route: OwnRouteOptions } {
  const entries = Object.entries(options)
  return {
    own: Object.fromEntries(entries.filter(([key]) => key in webSocketShape)),
    route: Object.fromEntries(entries.filter(([key]) => !(key in webSocketShape)))
  }
}
