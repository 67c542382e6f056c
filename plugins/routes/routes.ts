/**
 * `app.routes`: which routes there are, and whether a path has one.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { entriesOf } from './plan.ts'
import { isOwnOptions } from './register.ts'
import type { RouteData, Routing } from './routing.ts'
import { hostOf } from './strategies.ts'
import { Resource } from './table.ts'

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
  /** Whether it was added in aiohttp's words, or is one of Fastify's own. */
  readonly kind: 'aiohttp' | 'fastify'
}

/** All routes of an app, its sub-applications and domains. */
export class Routes {
  readonly #routing: Routing
  readonly #others: RouteInfo[] = []

  /** Notes Fastify's own routes from now on. */
  constructor (app: FastifyInstance, routing: Routing) {
    this.#routing = routing
    const others = this.#others
    app.addHook('onRoute', function (route) {
      if (isOwnOptions(route)) return
      const domain = routing.domainOfTable(routing.tableOf(this))
      for (const method of [route.method].flat()) others.push(infoOf(method, route, domain))
    })
  }

  /** Routes in aiohttp's words in the order they were added, then Fastify's own. */
  list (): RouteInfo[] {
    const own = this.#routing.tables.flatMap(table => entriesOf<RouteData>(table).flatMap(entry =>
      entry instanceof Resource ? this.#describe(entry) : []))
    return [...own, ...this.#others]
  }

  /**
   * Whether a request would find a route under another path: with the same method, Host and Accept-Version.
   * The path is encoded, as in a request line.
   */
  resolves (request: FastifyRequest, path: string): boolean {
    const { method, raw, server } = request
    if (this.#routing.resolveTarget(method, path, hostOf(raw)).route !== null) return true
    return server.allowedMethods.findFor(method, path, raw.headers)
  }

  #describe ({ pattern, name, routes, table }: Resource<RouteData>): RouteInfo[] {
    const domain = this.#routing.domainOfTable(table)
    return [...routes].map(([method, { data: { def } }]) =>
      ({ method, path: pattern.path, name, domain, handler: def.handler.name, kind: 'aiohttp' }))
  }
}

function infoOf (method: string, { url, handler }: RouteOptions, domain: string | undefined): RouteInfo {
  return { method, path: url, name: undefined, domain, handler: handler.name, kind: 'fastify' }
}
