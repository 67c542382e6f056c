/**
 * Middlewares: functions around the handlers of an app, a sub-application, a context or a single route.
 *
 * Chains are put together once, when a route is added; a route without any is left as it is. 404 and 405
 * go through them, too. Not seen: what fails before the handler (a hook, a body that cannot be parsed).
 *
 * @module
 */

import type {
  FastifyInstance, FastifyReply, FastifyRequest, RawServerBase, RawServerDefault, RouteOptions
} from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { checkOptions, describe, func, listOf } from '../../lib/options.ts'
import { rememberReply } from '../responses/index.ts'
import { fromResponse, toResponse } from './answer.ts'
import { Capture, isPromise } from './capture.ts'
import { Chains, checkMiddlewares, compose, type Middleware } from './chain.ts'
import { AIO_ERR_MIDDLEWARE_WEBSOCKET } from './errors.ts'

export { compose, type Handler, type Middleware } from './chain.ts'
export { normalizePath, type NormalizePathOptions } from './normalize-path.ts'

/** Options of the middlewares plugin. */
export interface MiddlewaresOptions {
  /**
   * For the whole app, or the context the plugin is registered in; the first is outermost.
   *
   * @default []
   */
  middlewares?: readonly Middleware[] | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Adds a middleware to this context and those inside of it, before their routes.
     *
     * @throws AIO_ERR_MIDDLEWARE_LATE when there is a route already, AIO_ERR_OPTION_INVALID
     */
    addMiddleware (middleware: Middleware): void
    /** The middlewares of this context and those around it, outermost first. */
    readonly middlewares: readonly Middleware[]
  }
  interface RouteShorthandOptions<
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- a merged interface repeats its parameters
    RawServer extends RawServerBase = RawServerDefault
  > {
    /** Inside of the middlewares of the app. @default [] */
    middlewares?: readonly Middleware[] | undefined
  }
}

/**
 * The reply of a request that is in a chain; a clone of the request has it, too. Not a decorator, which every
 * request would have to carry.
 */
const kReply: unique symbol = Symbol('fastify-aiohttp.reply')

declare module 'fastify' {
  interface FastifyRequest {
    /** @internal */
    [kReply]?: FastifyReply
  }
}

type AnyHandler = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => unknown

export default fp<MiddlewaresOptions>(async function middlewares (app, options) {
  checkOptions('the middlewares plugin', options, { middlewares: listOf(func) })
  if (!app.hasDecorator('addMiddleware')) install(app)
  for (const middleware of options.middlewares ?? []) app.addMiddleware(middleware)
}, {
  name: 'middlewares',
  fastify: '5.x',
  dependencies: ['exceptions']
})

function install (app: FastifyInstance): void {
  const chains = new Chains()
  // Later it would take what stands around a handler for the handler, and call it with a websocket.
  const isForeign = app.hasDecorator('websocketServer')
    ? () => false
    : (route: RouteOptions) => 'websocket' in route && route.websocket === true
  app.decorate('addMiddleware', function (this: FastifyInstance, middleware: Middleware) {
    chains.add(this, middleware, 'app.addMiddleware()')
  })
  app.decorate('middlewares', { getter (this: FastifyInstance) { return chains.of(this) } })
  function addChain (this: FastifyInstance, route: RouteOptions): void {
    // Routes that are added later, behind this one, have chains of their own.
    if (route.config?.liveDoor === true) return
    const chain = [...chains.of(this), ...ownMiddlewares(route)]
    if (chain.length > 0) {
      if (isForeign(route)) throw new AIO_ERR_MIDDLEWARE_WEBSOCKET(route.url)
      route.handler = around(chain, route.handler as AnyHandler)
    }
    // The preflight route of @fastify/cors is there before anybody could add a middleware.
    if (route.url !== '*') chains.fix(this, `${[route.method].flat().join(', ')} ${route.url}`)
  }
  app.addHook('onRoute', addChain)
  app.addHook('onReady', async () => {
    if (app.hasDecorator('routes')) app.routes.onRoute(addChain)
    const chain = chains.of(app)
    if (chain.length > 0) app.wrapNotFound(handler => around(chain, handler))
  })
}

/** @throws AIO_ERR_OPTION_INVALID */
function ownMiddlewares (route: RouteOptions): readonly Middleware[] {
  const { middlewares = [], url } = route
  checkMiddlewares(middlewares, `route "${url}"`)
  return middlewares
}

/** A handler inside of its chain, for Fastify. */
function around (chain: readonly Middleware[], handler: AnyHandler) {
  const run = compose(chain, async request => {
    const { [kReply]: reply, server } = request
    if (reply === undefined) {
      throw new AIO_ERR_ARGUMENT_INVALID('request', 'handler()', 'the request of the middleware', describe(request))
    }
    const capture = new Capture(reply)
    const answer = capture.settle(Reflect.apply(handler, server, [request, capture.reply]))
    return toResponse(isPromise(answer) ? await answer : answer, reply)
  })
  async function chained (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
    // A handler that gives up for the not-found handler is in its chain already.
    if (request[kReply] !== undefined) return Reflect.apply(handler, this, [request, reply])
    request[kReply] = reply
    rememberReply(request, reply)
    return fromResponse(await run(request), reply)
  }
  // Lists of routes say what the handler is called.
  return Object.defineProperty(chained, 'name', { value: handler.name })
}
