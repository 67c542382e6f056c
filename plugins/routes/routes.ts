/**
 * `app.routes`: which routes there are, whether a path has one, and routes that come and go while the app runs.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_ROUTE_PATH } from '../../lib/errors.ts'
import { describe, func, object } from '../../lib/options.ts'
import type { AnyRouteDef } from './definitions.ts'
import { AIO_ERR_PLUG, AIO_ERR_ROUTE_FIXED, AIO_ERR_ROUTE_REMOVED } from './errors.ts'
import { addOwnParser } from './live/doors.ts'
import { loadNow } from './live/facade.ts'
import type { RouteHook, Unit } from './live/live-context.ts'
import { isPlugin } from './live/loader.ts'
import { Plug, type UnplugOptions } from './live/plug.ts'
import type { RouteInfo, RoutesChange, RouteList } from './route-list.ts'
import type { RouteData } from './routing.ts'
import type { Route } from './table.ts'

/** What `app.routes.add()` takes. */
export type Addable = AnyRouteDef | Iterable<AnyRouteDef>

/** A plugin of Fastify, asynchronous or with a callback. */
export type PluggedPlugin<Options extends object> = {
  // A method, so that a plugin may ask for the options it is given.
  load (app: FastifyInstance, options: Options, done: (error?: Error) => void): unknown
}['load']

/** Routes that were added together. */
export interface RouteHandle {
  /** What was added. */
  readonly routes: readonly RouteInfo[]
  /**
   * Takes the routes away at once. Requests that are in them finish; new ones, on open connections too, get 404.
   *
   * @throws AIO_ERR_ROUTE_REMOVED, AIO_ERR_ROUTE_FIXED when they were added before the app was ready
   */
  remove (): void
  /**
   * Puts others in their place: every request gets either the old or the new ones. When it throws the old ones stay.
   *
   * @throws what `add()` throws, AIO_ERR_ROUTE_REMOVED, AIO_ERR_ROUTE_FIXED
   */
  replace (definition: Addable): void
}

/** A plugin that was added while the app runs. */
export interface PlugHandle {
  /** Where it is, with the prefixes around it. */
  readonly prefix: string
  readonly routes: readonly RouteInfo[]
  /**
   * Takes its routes away at once, says goodbye to their websockets (1001), waits for their requests, then runs the
   * plugin's cleanup.
   *
   * @throws AIO_ERR_ROUTE_REMOVED at once, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID; what the cleanup throws
   */
  remove (options?: UnplugOptions): Promise<void>
}

/** The parts that `Routes` works with. */
export interface RoutesParts {
  readonly list: RouteList
  readonly plugs: Set<Plug>
  readonly isFrozen: () => boolean
  readonly addRoutes: (app: FastifyInstance, routes: Iterable<AnyRouteDef>) => void
}

/** The routes of an app, seen from one of its contexts. */
export class Routes {
  readonly #app: FastifyInstance
  readonly #parts: RoutesParts

  constructor (app: FastifyInstance, parts: RoutesParts) {
    this.#app = app
    this.#parts = parts
  }

  /** Routes in aiohttp's words in the order they were added, then Fastify's own. */
  list (): RouteInfo[] {
    return this.#parts.list.all()
  }

  /**
   * Whether a request would find a route under another path: with the same method, Host and Accept-Version.
   * The path is encoded, as in a request line.
   */
  resolves (request: FastifyRequest, path: string): boolean {
    return this.#parts.list.resolves(request, path)
  }

  /**
   * Calls a function after routes were added or removed while the app runs; what it returns ends that.
   *
   * @throws AIO_ERR_ARGUMENT_INVALID
   */
  onChange (listener: (change: RoutesChange) => void): () => void {
    if (!func.test(listener)) {
      throw new AIO_ERR_ARGUMENT_INVALID('listener', 'app.routes.onChange()', func.expected, describe(listener))
    }
    return this.#parts.list.onChange(listener)
  }

  /**
   * Does with every route that is added while the app runs what a hook for `onRoute` does with all others.
   *
   * @internal for plugins of this package
   */
  onRoute (hook: RouteHook): void {
    this.#parts.list.live.onRoute(hook)
  }

  /**
   * For who has taken the parsers of this context away, as `lazyBodies()` does: routes that are added while the app
   * runs need theirs to be told apart.
   *
   * @internal for plugins of this package
   */
  restoreParser (): void {
    addOwnParser(this.#app)
  }

  /**
   * Adds a route, a folder of files, or a list of them, all or nothing; before the app is ready as `app.addRoutes()`.
   *
   * @throws AIO_ERR_ROUTE_DUPLICATE, AIO_ERR_ROUTE_SHADOWED, AIO_ERR_ROUTE_NAME, AIO_ERR_ROUTE_PATH,
   * AIO_ERR_ROUTE_METHOD, AIO_ERR_ROUTE_SCHEMA, AIO_ERR_ROUTE_OPTION, AIO_ERR_ROUTE_CONTEXT, AIO_ERR_ARGUMENT_INVALID
   */
  add (definition: Addable): RouteHandle {
    const definitions = toList(definition)
    if (!this.#parts.isFrozen()) {
      this.#parts.addRoutes(this.#app, definitions)
      return fixedHandle(definitions)
    }
    return this.#addLive(definitions)
  }

  /**
   * Adds a whole plugin below a prefix while the app runs, with decorators, hooks and cleanup of its own.
   *
   * @throws what `add()` throws, what the plugin throws, AIO_ERR_PLUG for what a plugged plugin cannot do
   */
  async plug<Options extends object> (
    prefix: string, plugin: PluggedPlugin<Options>, options?: Options
  ): Promise<PlugHandle> {
    if (typeof prefix !== 'string' || !/^(\/[^*?]*)?$/.test(prefix)) {
      throw new AIO_ERR_ROUTE_PATH(describe(prefix), 'expected a prefix that starts with / or is empty')
    }
    if (!isPlugin(plugin)) {
      throw new AIO_ERR_ARGUMENT_INVALID('plugin', 'app.routes.plug()', func.expected, describe(plugin))
    }
    if (options !== undefined && !object.test(options)) {
      throw new AIO_ERR_ARGUMENT_INVALID('options', 'app.routes.plug()', object.expected, describe(options))
    }
    if (!this.#parts.isFrozen()) throw new AIO_ERR_PLUG('app.routes.plug()', 'the app is not ready, use app.register()')
    const { list, plugs } = this.#parts
    const plug = new Plug(list.live, this.#app, prefix.replace(/\/+$/, ''))
    plugs.add(plug)
    try {
      await plug.start(plugin, options ?? {})
    } catch (error) {
      plugs.delete(plug)
      throw error
    }
    const routes = list.describe(plug.routes)
    list.changed({ added: routes, removed: [] })
    return {
      prefix: plug.context.prefix,
      routes,
      remove: (options = {}) => this.#unplug(plug, routes, options)
    }
  }

  #unplug (plug: Plug, routes: readonly RouteInfo[], options: UnplugOptions): Promise<void> {
    const { list, plugs } = this.#parts
    const removal = plug.remove(options)
    list.changed({ added: [], removed: routes })
    return removal.finally(() => plugs.delete(plug))
  }

  #addLive (definitions: readonly AnyRouteDef[]): RouteHandle {
    const { list } = this.#parts
    let current: readonly Route<RouteData>[] = list.live.commit(this.#collect(definitions))
    let routes = list.describe(current)
    let removed = false
    const check = () => {
      if (removed) throw new AIO_ERR_ROUTE_REMOVED(nameOf(routes))
    }
    list.changed({ added: routes, removed: [] })
    return {
      get routes () { return routes },
      remove: () => {
        check()
        removed = true
        list.live.remove(current)
        list.changed({ added: [], removed: routes })
      },
      replace: definition => {
        check()
        current = list.live.commit(this.#collect(toList(definition)), current)
        const before = routes
        routes = list.describe(current)
        list.changed({ added: routes, removed: before })
      }
    }
  }

  /** The drafts of definitions. */
  #collect (definitions: readonly AnyRouteDef[]): Unit {
    const { live } = this.#parts.list
    const context = live.createContext(this.#app, '', 'a route')
    context.self = live.facades.get(this.#app)?.self ?? this.#app
    Object.defineProperty(context.app, 'register', {
      value: (plugin: unknown, options: object = {}) => loadNow(context, live.facades, plugin, options)
    })
    this.#parts.addRoutes(context.app, definitions)
    return context.unit
  }
}

function toList (definition: Addable): readonly AnyRouteDef[] {
  if (typeof definition !== 'object' || definition === null) {
    throw new AIO_ERR_ARGUMENT_INVALID(
      'definition', 'app.routes.add()', 'what get(), post() … return, or a list of it', describe(definition))
  }
  return Symbol.iterator in definition ? [...definition] : [definition]
}

function fixedHandle (definitions: readonly AnyRouteDef[]): RouteHandle {
  const name = definitions.map(def => def.kind === 'route' ? `${def.method} ${def.path}` : def.prefix).join(', ')
  const refuse = () => { throw new AIO_ERR_ROUTE_FIXED(name) }
  return { routes: [], remove: refuse, replace: refuse }
}

function nameOf (routes: readonly RouteInfo[]): string {
  return routes.map(({ method, path }) => `${method} ${path}`).join(', ')
}
