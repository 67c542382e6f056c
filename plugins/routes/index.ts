/**
 * Routes in aiohttp's words: definitions, tables, class views, names, sub-applications and domains.
 *
 * Plain paths become ordinary routes of Fastify and cost nothing. Where aiohttp's rules and those of Fastify's
 * router part, a table of our own decides (`plan.ts` says which is which).
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { checkOptions } from '../../lib/options.ts'
import type { HTTPException } from '../exceptions/index.ts'
import { Adder, type Subapp } from './adder.ts'
import {
  del, get, head, options, patch, post, put, route, view,
  type AddGetOptions, type AddRouteOptions, type AnyRouteDef, type RouteTarget
} from './definitions.ts'
import type { PathParams } from './pattern.ts'
import { ownRouteOf, registerDoors } from './register.ts'
import { doorShadow } from './live/route-options.ts'
import { LiveRoutes } from './live/live-routes.ts'
import type { Plug } from './live/plug.ts'
import { RouteList } from './route-list.ts'
import { Routes } from './routes.ts'
import { Routing } from './routing.ts'
import { urlFor, type UrlOptions, type UrlParams } from './url.ts'
import type { ViewClass } from './view.ts'

export type { Subapp } from './adder.ts'
export * from './definitions.ts'
export { rewriteUrl } from './encoding.ts'
export type { PathParams } from './pattern.ts'
export { RouteTableDef, type RouteDecorator, type ViewDecorator } from './route-table-def.ts'
export type { UnplugOptions } from './live/plug.ts'
export type { RouteInfo, RoutesChange } from './route-list.ts'
export type { Addable, PluggedPlugin, PlugHandle, RouteHandle, Routes } from './routes.ts'
export type { UrlOptions, UrlParams } from './url.ts'
export { View, type ViewClass } from './view.ts'

/** The routes plugin has no options. */
export type RoutesOptions = Record<never, never>

declare module 'fastify' {
  interface FastifyInstance {
    /** All routes, whether a path has one, and routes that come and go while the app runs. */
    readonly routes: Routes
    /** Adds routes written down before, in their order. */
    addRoutes (routes: Iterable<AnyRouteDef>): void
    /** Adds a route for one method, or with `*` for any. HEAD does not come with GET here. */
    addRoute (method: string, path: string, handler: RouteTarget, options?: AddRouteOptions): void
    /** Adds a route for GET, and for HEAD unless `allowHead` is false. */
    addGet (path: string, handler: RouteTarget, options?: AddGetOptions): void
    /** Adds a route for HEAD. */
    addHead (path: string, handler: RouteTarget, options?: AddRouteOptions): void
    /** Adds a route for POST. */
    addPost (path: string, handler: RouteTarget, options?: AddRouteOptions): void
    /** Adds a route for PUT. */
    addPut (path: string, handler: RouteTarget, options?: AddRouteOptions): void
    /** Adds a route for PATCH. */
    addPatch (path: string, handler: RouteTarget, options?: AddRouteOptions): void
    /** Adds a route for DELETE. */
    addDelete (path: string, handler: RouteTarget, options?: AddRouteOptions): void
    /** Adds a route for OPTIONS. */
    addOptions (path: string, handler: RouteTarget, options?: AddRouteOptions): void
    /** Adds a class of views for any method. */
    addView (path: string, handler: ViewClass, options?: AddRouteOptions): void
    /** Mounts a sub-application: everything below the prefix is answered by it, 404 and 405 included. */
    addSubapp (prefix: string, subapp: Subapp, options?: object): void
    /** Gives all requests for a domain, or a mask such as `*.example.com`, to a sub-application. */
    addDomain (domain: string, subapp: Subapp, options?: object): void
    /**
     * The URL of a named route of this app, with the prefixes of those around it (aiohttp: url_for).
     *
     * @throws AIO_ERR_ROUTE_UNKNOWN, AIO_ERR_ROUTE_PARAMS
     */
    urlFor (name: string, params?: UrlParams, options?: UrlOptions): string
  }
  interface FastifyContextConfig {
    /** Set for the routes of Fastify that those added later are behind; nothing to be listed or described. */
    liveDoor?: boolean
  }
  interface FastifyRequest {
    /** The values of the variables in the path, decoded. */
    readonly matchInfo: PathParams
    /** The apps around the route, from the outermost to the one it is in. */
    readonly apps: readonly FastifyInstance[]
    /** What an unmatched request is answered with, 404 or 405; `null` when there is a route. */
    readonly httpException: HTTPException | null
  }
}

export default fp<RoutesOptions>(async function routes (app, options) {
  checkOptions('the routes plugin', options, {})
  const routing = new Routing(app)
  const live = new LiveRoutes(routing)
  const adder = new Adder(routing, fp, live.facades)
  const list = new RouteList(app, routing, live)

  decorateRoutes(app, adder, list)
  registerDoors(app, routing)
  app.allowedMethods.addSource(request => {
    const resolution = routing.resolve(request.raw)
    return resolution.route === null ? resolution.allowed : []
  })
  decorateAdders(app, adder)
  app.decorate('addSubapp', function (this: FastifyInstance, prefix, subapp, options = {}) {
    adder.addSubapp(this, prefix, subapp, options)
  })
  app.decorate('addDomain', function (this: FastifyInstance, domain, subapp, options = {}) {
    adder.addDomain(this, domain, subapp, options)
  })
  app.decorate('urlFor', function (this: FastifyInstance, name, params = {}, options) {
    return urlFor(routing.tableOf(this), name, params, options)
  })
  decorateRequests(app, routing)
}, {
  name: 'routes',
  fastify: '5.x',
  dependencies: ['exceptions']
})

/** One view of the routes for each context. */
function decorateRoutes (app: FastifyInstance, adder: Adder, list: RouteList): void {
  const views = new WeakMap<FastifyInstance, Routes>()
  const plugs = new Set<Plug>()
  app.decorate('routes', {
    getter (this: FastifyInstance) {
      const known = views.get(this)
      if (known !== undefined) return known
      const view = new Routes(this, {
        list,
        plugs,
        isFrozen: () => adder.frozen,
        addRoutes: (context, routes) => adder.addRoutes(context, routes)
      })
      views.set(this, view)
      return view
    }
  })
  app.addHook('onClose', async () => { for (const plug of plugs) await plug.close() })
}

function decorateAdders (app: FastifyInstance, adder: Adder): void {
  app.decorate('addRoutes', function (this: FastifyInstance, routes) {
    adder.addRoutes(this, routes)
  })
  app.decorate('addRoute', function (this: FastifyInstance, method, path, handler, options) {
    // As in aiohttp, where only add_get() thinks of HEAD.
    adder.addRoutes(this, [route(method, path, handler, { ...options, allowHead: false })])
  })
  const shortcuts = {
    addGet: get, addHead: head, addPost: post, addPut: put, addPatch: patch, addDelete: del, addOptions: options
  }
  for (const [name, define] of Object.entries(shortcuts)) {
    app.decorate(name, function (this: FastifyInstance, ...args: Parameters<typeof get>) {
      adder.addRoutes(this, [define(...args)])
    })
  }
  app.decorate('addView', function (this: FastifyInstance, path, handler, options) {
    adder.addRoutes(this, [view(path, handler, options)])
  })
}

function decorateRequests (app: FastifyInstance, routing: Routing): void {
  app.decorateRequest('routeOptions', { getter: doorShadow(routing) })
  app.decorateRequest('matchInfo', {
    getter (this: FastifyRequest) {
      return routing.paramsOf(this)
    }
  })
  app.decorateRequest('apps', {
    getter (this: FastifyRequest) {
      return routing.appsOf(this.server).reverse()
    }
  })
  app.decorateRequest('httpException', {
    getter (this: FastifyRequest) {
      const matched = !this.is404 && ownRouteOf(this) !== null
      return matched ? null : routing.exceptionFor(this)
    }
  })
}
