/**
 * Which routes there are, and who wants to know of changes.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Middleware } from '../middlewares/index.ts'
import type { LiveRoutes } from './live/live-routes.ts'
import { entriesOf } from './plan.ts'
import { isOwnOptions } from './register.ts'
import type { RouteData, Routing } from './routing.ts'
import { hostOf } from './strategies.ts'
import { Resource, type Route } from './table.ts'

/** A route, as it is listed. */
export interface RouteInfo {
  /** In upper case; `*` is any. */
  readonly method: string
  /** As it was written, with the prefixes of the apps around it. */
  readonly path: string
  /** For `app.urlFor()`. */
  readonly name: string | undefined
  /** The only domain it is served for. */
  readonly domain: string | undefined
  /** What the handler's function or class is called. */
  readonly handler: string
  /** What the functions around the handler are called, outermost first. */
  readonly middlewares: readonly string[]
  /** Whether it was added in aiohttp's words, or is one of Fastify's own; that is the syntax of its path. */
  readonly kind: 'aiohttp' | 'fastify'
  /** Whether it was added while the app ran. */
  readonly live: boolean
  /** As it was written. */
  readonly schema: unknown
  /** As it was written. */
  readonly config: object | undefined
}

/** Routes that were added or removed in one moment. */
export interface RoutesChange {
  readonly added: readonly RouteInfo[]
  readonly removed: readonly RouteInfo[]
}

/** All routes of an app, its sub-applications and domains. */
export class RouteList {
  readonly live: LiveRoutes
  readonly #routing: Routing
  readonly #others: { readonly info: RouteInfo, readonly context: FastifyInstance, readonly own: OwnMiddlewares }[] = []
  readonly #listeners = new Set<(change: RoutesChange) => void>()
  readonly #app: FastifyInstance

  /** Notes Fastify's own routes from now on. */
  constructor (app: FastifyInstance, routing: Routing, live: LiveRoutes) {
    this.live = live
    this.#app = app
    this.#routing = routing
    const others = this.#others
    app.addHook('onRoute', function (route) {
      if (isOwnOptions(route)) return
      const domain = routing.domainOfTable(routing.tableOf(this))
      for (const method of [route.method].flat()) {
        others.push({ info: infoOf(method, route, domain), context: this, own: route.middlewares })
      }
    })
  }

  all (): RouteInfo[] {
    const own = this.#routing.tables.flatMap(table => entriesOf<RouteData>(table).flatMap(entry =>
      entry instanceof Resource ? this.describe([...entry.routes.values()]) : []))
    const others = this.#others.map(({ info, context, own }) =>
      ({ ...info, middlewares: middlewareNames(context, own) }))
    return [...own, ...others]
  }

  resolves (request: FastifyRequest, path: string): boolean {
    const { method, raw, server } = request
    if (this.#routing.resolveTarget(method, path, hostOf(raw)).route !== null) return true
    return server.allowedMethods.findFor(method, path, raw.headers)
  }

  onChange (listener: (change: RoutesChange) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Tells the listeners; the fault of one is its own. */
  changed (change: RoutesChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        this.#app.log.error({ err: error }, 'Error in a listener for changes of routes')
      }
    }
  }

  describe (routes: readonly Route<RouteData>[]): RouteInfo[] {
    return routes.map(route => this.#describeOne(route))
  }

  #describeOne (route: Route<RouteData>): RouteInfo {
    const { method, resource: { name, pattern, table }, data: { context, def, live, native = false } } = route
    return {
      method,
      path: native && live?.routeOptions.url !== undefined ? live.routeOptions.url : pattern.path,
      name,
      domain: this.#routing.domainOfTable(table),
      handler: def.handler.name,
      middlewares: middlewareNames(context, def.options.middlewares),
      kind: native ? 'fastify' : 'aiohttp',
      live: live !== undefined,
      schema: def.options.schema,
      config: def.options.config
    }
  }
}

type OwnMiddlewares = readonly Middleware[] | undefined

/** Those of the context, as far as the plugin of that name is there, then those of the route. */
function middlewareNames (context: FastifyInstance | undefined, own: OwnMiddlewares = []): string[] {
  const around = context?.hasDecorator('middlewares') === true ? context.middlewares : []
  return [...around, ...own].map(({ name }) => name === '' ? 'anonymous' : name)
}

function infoOf (
  method: string, { url, handler, schema, config }: RouteOptions, domain: string | undefined
): RouteInfo {
  return {
    method,
    path: url,
    name: undefined,
    domain,
    handler: handler.name,
    middlewares: [],
    kind: 'fastify',
    live: false,
    schema,
    config
  }
}
