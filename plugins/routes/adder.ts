/**
 * Takes routes, sub-applications and domains, and hands them to Fastify when it loads its plugins.
 *
 * @module
 */

import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import {
  AIO_ERR_APP_FROZEN, AIO_ERR_ARGUMENT_INVALID, AIO_ERR_DOMAIN, AIO_ERR_OPTION_INVALID, AIO_ERR_ROUTE_PATH
} from '../../lib/errors.ts'
import { describe, func } from '../../lib/options.ts'
import type { AnyRouteDef, RouteDef, StaticDef } from './definitions.ts'
import { createLazyContext, type Facades } from './live/facade.ts'
import type { LiveContext } from './live/live-context.ts'
import { constrainToDomain, registerDoors, registerNotFound, registerRoute } from './register.ts'
import { routeData, type RouteData, type Routing } from './routing.ts'
import type { Route, Table } from './table.ts'

/** A sub-application: a function that sets up a context of its own, as a plugin does. */
export type Subapp = {
  // A method, so that a function may ask for the options it is given.
  load (app: FastifyInstance, options: object): unknown
}['load']

/** Marks a plugin that extends the context it is registered in (`fastify-plugin`). */
type Extension = (plugin: FastifyPluginAsync) => FastifyPluginAsync

/** The adding side of an app. */
export class Adder {
  readonly #routing: Routing
  readonly #extension: Extension
  /** Routes of a context that wait for Fastify to load them. */
  readonly #pending = new Map<FastifyInstance, Route<RouteData>[]>()
  /** The apps of plugged plugins, where routes can be added at any time. */
  readonly #facades: Facades

  constructor (routing: Routing, extension: Extension, facades: Facades) {
    this.#routing = routing
    this.#extension = extension
    this.#facades = facades
  }

  /** Whether the app is ready: what is added now is added while it runs. */
  get frozen (): boolean {
    return this.#routing.started
  }

  /** @throws AIO_ERR_APP_FROZEN, AIO_ERR_ARGUMENT_INVALID, AIO_ERR_ROUTE_DUPLICATE, AIO_ERR_ROUTE_NAME */
  addRoutes (app: FastifyInstance, routes: Iterable<AnyRouteDef>): void {
    if (typeof routes !== 'object' || routes === null || !(Symbol.iterator in routes)) {
      throw new AIO_ERR_ARGUMENT_INVALID('routes', 'app.addRoutes()', 'a list of routes', describe(routes))
    }
    if (this.#isStarting(app)) {
      app.routes.add(routes)
      return
    }
    for (const def of routes) {
      if (def?.kind === 'route') this.#addRoute(app, def)
      else if (def?.kind === 'static') addStatic(app, def)
      else throw new AIO_ERR_ARGUMENT_INVALID('route', 'app.addRoutes()', 'what get(), post() … return', describe(def))
    }
  }

  /** @throws AIO_ERR_APP_FROZEN, AIO_ERR_ROUTE_PATH, AIO_ERR_ARGUMENT_INVALID */
  addSubapp (app: FastifyInstance, prefix: string, subapp: Subapp, options: object): void {
    if (typeof prefix !== 'string') {
      throw new AIO_ERR_ARGUMENT_INVALID('prefix', 'app.addSubapp()', 'a string', describe(prefix))
    }
    if (!/^\/[^{}]*$/.test(prefix)) {
      throw new AIO_ERR_ROUTE_PATH(describe(prefix), 'expected a prefix that starts with / and has no variables')
    }
    const own = prefix.replace(/\/+$/, '')
    if (own === '') throw new AIO_ERR_ROUTE_PATH(describe(prefix), 'a prefix cannot be empty')
    this.#check('app.addSubapp()', `the sub-application "${own}"`, subapp)
    const table = this.#routing.tableOf(app).mount(pathPrefix(app) + own)
    this.#mount(app, table, { ...options, prefix: own }, child => subapp(child, options))
  }

  /** @throws AIO_ERR_APP_FROZEN, AIO_ERR_DOMAIN, AIO_ERR_ARGUMENT_INVALID */
  addDomain (app: FastifyInstance, domain: string, subapp: Subapp, options: object): void {
    this.#check('app.addDomain()', `the domain ${describe(domain)}`, subapp)
    if (app.prefix !== '' || this.#routing.domainOfTable(this.#routing.tableOf(app)) !== undefined) {
      throw new AIO_ERR_DOMAIN(describe(domain), 'domains belong to the outermost app')
    }
    const { text, table } = this.#routing.addDomain(domain)
    this.#mount(app, table, { ...options }, child => {
      child.allowedMethods = child.allowedMethods.fork()
      child.allowedMethods.addSource(request => {
        const resolution = this.#routing.resolve(request.raw)
        return resolution.route === null ? resolution.allowed : []
      })
      constrainToDomain(child, text, this.#routing)
      return subapp(child, options)
    })
  }

  #mount (
    app: FastifyInstance, table: Table<RouteData>, options: object, load: (child: FastifyInstance) => unknown
  ): void {
    // The place is taken now: what the parent adds later comes later.
    const takePlace = app.hasDecorator('signals') ? app.signals.branch(app) : undefined
    app.register(async child => {
      this.#routing.assign(child, table)
      takePlace?.(child)
      addMiddlewares(child, options)
      await load(child)
      // Behind the routes, which wait to be loaded.
      child.register(this.#extension(async context => {
        registerDoors(context, this.#routing)
        this.#registerLazily(context, scope => registerNotFound(scope, this.#routing))
      }))
    }, options)
  }

  /** Whether a receiver of onStartup adds something: Fastify's router is closed, but nobody has been served yet. */
  #isStarting (app: FastifyInstance): boolean {
    return this.frozen && this.#facades.get(app) === undefined &&
      app.hasDecorator('signals') && app.signals.phase === 'starting'
  }

  #addRoute (app: FastifyInstance, def: RouteDef): void {
    const { method, path, options: { allowHead = true, name } } = def
    const live = this.#facades.get(app)
    if (live !== undefined) return draftRoute(live, def, this.#facades)
    if (this.frozen) throw new AIO_ERR_APP_FROZEN(`the route ${method} ${path}`)
    const data = routeData(def)
    const resource = this.#routing.tableOf(app).resource(path, name, pathPrefix(app))
    if (method === 'GET' && allowHead) this.#add(app, resource.add('HEAD', data))
    this.#add(app, resource.add(method, data))
  }

  /** All routes that are added in one go are looked at together. */
  #add (app: FastifyInstance, route: Route<RouteData>): void {
    const pending = this.#pending.get(app)
    if (pending !== undefined) {
      pending.push(route)
      return
    }
    const routes = [route]
    this.#pending.set(app, routes)
    app.register(this.#extension(async context => {
      this.#pending.delete(app)
      const hasSchema = ({ data }: Route<RouteData>) => data.def.options.schema?.body !== undefined
      // A body that is validated has to be there before the handler.
      for (const route of routes.filter(hasSchema)) registerRoute(context, route, this.#routing)
      this.#registerLazily(context, scope => {
        for (const route of routes) if (!hasSchema(route)) registerRoute(scope, route, this.#routing)
      })
    }))
  }

  /** In a context that leaves bodies to the handlers, where the requests plugin offers one. */
  #registerLazily (app: FastifyInstance, register: (scope: FastifyInstance) => void): void {
    if (!app.hasDecorator('lazyBodies')) {
      register(app)
      return
    }
    app.register(async scope => {
      Reflect.apply(Reflect.get(scope, 'lazyBodies'), scope, [])
      register(scope)
    })
  }

  #check (where: string, what: string, subapp: unknown): void {
    if (this.frozen) throw new AIO_ERR_APP_FROZEN(what)
    if (!func.test(subapp)) throw new AIO_ERR_ARGUMENT_INVALID('subapp', where, func.expected, describe(subapp))
  }
}

/** Notes a route that is added while the app runs; with HEAD where it comes with GET. */
function draftRoute (live: LiveContext, def: RouteDef, facades: Facades): void {
  const { method, options: { allowHead = true, schema } } = def
  // A body that is validated has to be there before the handler.
  const isLazy = live.owner.hasDecorator('lazyBodies') && schema?.body === undefined
  const context = isLazy ? createLazyContext(live, facades) : live
  live.unit.drafts.push({ context, def, native: false })
  if (method === 'GET' && allowHead) live.unit.drafts.push({ context, def: { ...def, method: 'HEAD' }, native: false })
}

function addStatic (app: FastifyInstance, { prefix, path, options }: StaticDef): void {
  if (!app.hasDecorator('addStatic')) {
    throw new AIO_ERR_ARGUMENT_INVALID('route', 'app.addRoutes()', 'the static plugin to be registered', prefix)
  }
  app.addStatic(prefix, path, options)
}

/** The `middlewares` of a sub-application, outside of those it adds itself; for the plugin of that name. */
function addMiddlewares (child: FastifyInstance, options: { middlewares?: unknown }): void {
  const { middlewares = [] } = options
  if (!Array.isArray(middlewares)) {
    throw new AIO_ERR_OPTION_INVALID('middlewares', 'a sub-application', 'a list of functions', describe(middlewares))
  }
  if (middlewares.length > 0 && !child.hasDecorator('addMiddleware')) {
    throw new AIO_ERR_OPTION_INVALID(
      'middlewares', 'a sub-application', 'the middlewares plugin to be registered', describe(middlewares))
  }
  for (const middleware of middlewares) Reflect.apply(Reflect.get(child, 'addMiddleware'), child, [middleware])
}

/** The prefix of a context in aiohttp's syntax. */
function pathPrefix ({ prefix }: FastifyInstance): string {
  return prefix.replace(/\/+$/, '').replace(/:(\w+)/g, '{$1}')
}
