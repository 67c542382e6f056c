/**
 * Adds routes to the tables while the app runs, and takes them away: all of a unit, or none.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_ROUTE_DUPLICATE, AIO_ERR_ROUTE_METHOD } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import { AIO_ERR_ROUTE_CONTEXT, AIO_ERR_ROUTE_SHADOWED } from '../errors.ts'
import { Pattern } from '../pattern.ts'
import { directPath } from '../plan.ts'
import { markOf } from '../register.ts'
import { routeData, type RouteData, type Routing } from '../routing.ts'
import { Resource, Table, type Route } from '../table.ts'
import type { Activity } from './activity.ts'
import { doorKindFor } from './doors.ts'
import { createFacade, type Facades } from './facade.ts'
import { fromFastify, hasWildcard } from './fastify-path.ts'
import { join, LiveContext, type Draft, type RouteHook, type Unit } from './live-context.ts'
import { LiveRoute, type FinalRoute } from './live-route.ts'

/** Live routes of an app. */
export class LiveRoutes {
  readonly #routing: Routing
  readonly #routeHooks: RouteHook[] = []
  /** The apps of plugged plugins. */
  readonly facades: Facades = new WeakMap()

  constructor (routing: Routing) {
    this.#routing = routing
  }

  /** Adds what plugins of ours do with every route. */
  onRoute (hook: RouteHook): void {
    this.#routeHooks.push(hook)
  }

  /** A new context for live routes of an app. @throws AIO_ERR_ROUTE_CONTEXT */
  createContext (app: FastifyInstance, prefix: string, what: string, activity?: Activity): LiveContext {
    const parent = this.facades.get(app)
    const owner = parent?.owner ?? app
    if (this.#routing.doorsOf(owner) === undefined) throw new AIO_ERR_ROUTE_CONTEXT(what)
    const unit: Unit = {
      drafts: [],
      preClose: [],
      onClose: [],
      onReady: [],
      plugins: new Set(parent?.unit.plugins),
      later: new Set(),
      around: parent?.unit,
      activity: activity ?? parent?.unit.activity
    }
    const context = new LiveContext(owner, unit, parent, prefix)
    createFacade(context, this.facades)
    return context
  }

  /** Adds all routes of a unit, or none; those of `instead` go in the same moment. */
  commit (unit: Unit, instead: readonly Route<RouteData>[] = []): Route<RouteData>[] {
    const ready: { draft: Draft, route: FinalRoute }[] = []
    // Hooks may add routes of their own.
    for (let index = 0; index < unit.drafts.length; index++) {
      const draft = unit.drafts[index]
      if (draft !== undefined) ready.push({ draft, route: this.#finish(draft) })
    }
    const added: Route<RouteData>[] = []
    this.#take(instead)
    try {
      for (const { draft, route } of ready) added.push(...this.#insert(draft, route))
      for (const route of added) unit.around?.later.add(route)
      return added
    } catch (error) {
      this.#take(added)
      this.#putBack(instead)
      throw error
    }
  }

  /** Takes routes away: new requests do not find them. */
  remove (routes: readonly Route<RouteData>[]): void {
    this.#take(routes)
  }

  #take (routes: readonly Route<RouteData>[]): void {
    for (const route of routes) {
      const { resource, method } = route
      // It may be gone, with the plugin it was added in, and another one in its place.
      if (resource.routes.get(method) !== route) continue
      resource.routes.delete(method)
      resource.table.drop(resource)
      this.#routing.deleteDoor(route)
    }
  }

  #putBack (routes: readonly Route<RouteData>[]): void {
    for (const route of routes) {
      route.resource.table.restore(route)
      this.#openDoor(route)
    }
  }

  #openDoor (route: Route<RouteData>): void {
    const { live } = route.data
    const door = live && this.#routing.doorsOf(live.owner)?.[doorKindFor(live)]
    if (door !== undefined) this.#routing.setDoor(route, door)
  }

  /** What the route is when all hooks have seen it. */
  #finish ({ context, def, native }: Draft): FinalRoute {
    const { options: { name: _name, allowHead: _allowHead, ...options }, method, path } = def
    if (method !== '*' && !context.owner.supportedMethods.includes(method)) {
      throw new AIO_ERR_ROUTE_METHOD(describe(method),
        `expected ${context.owner.supportedMethods.join(', ')}; others need addHttpMethod() before the routes plugin`)
    }
    const url = join(context.prefix, path) || '/'
    const route = {
      ...options,
      method,
      url,
      path: url,
      routePath: native ? path : pathForHooks(path),
      prefix: context.prefix,
      handler: native ? def.handler : routeData(def).run
    } as FinalRoute
    for (const hook of [...this.#routeHooks, ...context.onRoute]) Reflect.apply(hook, context.app, [route])
    return route
  }

  #insert (draft: Draft, route: FinalRoute): Route<RouteData>[] {
    const { context, def, native } = draft
    const table = this.#routing.tableOf(context.owner)
    const [prefix = ''] = fromFastify(context.prefix.replace(/\/+$/, ''))
    const paths = native ? fromFastify(def.path) : [def.path]
    return paths.map(path => {
      const pattern = new Pattern(path, prefix, native && hasWildcard(def.path))
      this.#checkFree(context.owner, table, pattern, def.method)
      const marks = markOf(null)
      const live = new LiveRoute(route, context, marks)
      const data = { def, native, run: live.handler, live, context: context.app }
      const added = this.#add(table, pattern, def.options.name, def.method, data)
      Object.assign(live.routeOptions.config, markOf(added))
      return added
    })
  }

  #add (
    table: Table<RouteData>, pattern: Pattern, name: string | undefined, method: string, data: RouteData
  ): Route<RouteData> {
    const resource = table.lateResource(pattern, name)
    try {
      const route = resource.add(method, data)
      this.#openDoor(route)
      return route
    } catch (error) {
      table.drop(resource)
      throw error
    }
  }

  /** @throws AIO_ERR_ROUTE_DUPLICATE, AIO_ERR_ROUTE_SHADOWED */
  #checkFree (owner: FastifyInstance, table: Table<RouteData>, pattern: Pattern, method: string): void {
    const plan = this.#routing.planOf(table)
    const resource = new Resource<RouteData>(pattern, undefined, table, Number.POSITIVE_INFINITY)
    for (const entry of table.candidates(pattern.key)) {
      if (entry instanceof Table) {
        throw new AIO_ERR_ROUTE_SHADOWED(method, pattern.path, `the sub-application "${entry.prefix}"`)
      }
      if (entry.pattern.shape === pattern.shape) {
        const other = method === '*' ? entry.routes.get('*') : entry.find(method)
        if (other !== undefined) throw new AIO_ERR_ROUTE_DUPLICATE(method, pattern.path, other.method)
        continue
      }
      // Those of the same length go first by right.
      if (entry.key === pattern.key && pattern.names.length > 0) continue
      for (const route of entry.routes.values()) {
        if (route.data.live === undefined && plan.shadows(route, resource, method)) {
          throw new AIO_ERR_ROUTE_SHADOWED(method, pattern.path, `${route.method} ${entry.pattern.path}`)
        }
      }
    }
    const other = method === '*' ? undefined : owner.allowedMethods.pathFor(method, pattern.sample)
    // A wildcard of the whole app comes after the door.
    if (other !== undefined && !['*', '/*', `${owner.prefix}/*`].includes(other)) {
      throw new AIO_ERR_ROUTE_SHADOWED(method, pattern.path, `${method} ${other}`)
    }
  }
}

/** In Fastify's syntax, as far as it goes. */
function pathForHooks (path: string): string {
  const pattern = new Pattern(path)
  return pattern.open || pattern.segments.includes('mixed') || path === '' ? path : directPath(pattern)
}
