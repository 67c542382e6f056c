/**
 * Routes collected beside their handlers, by calls or by decorators, and added to an app later.
 *
 * @module
 */

import { AIO_ERR_DECORATOR } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import type { StaticOptions } from '../static/index.ts'
import {
  route, staticFiles, type AddGetOptions, type AddRouteOptions, type AnyRouteDef, type RouteHandler, type RouteTarget
} from './definitions.ts'
import type { ViewClass } from './view.ts'

/**
 * What a method of the table returns: give it a handler, or write it with an `@` before a method (TC39's
 * decorators, not `experimentalDecorators`).
 */
export type RouteDecorator = <Target extends RouteHandler>(target: Target, context?: DecoratorContext) => void

/** Like `RouteDecorator`, for a class of views. */
export type ViewDecorator = <Target extends ViewClass>(target: Target, context?: DecoratorContext) => void

/**
 * A list of routes that grows where handlers are written (aiohttp: RouteTableDef).
 *
 * A decorated static method is added when its class is made, any other method when an object of the class is
 * made, with that object as `this`.
 *
 * @example
 * const routes = new RouteTableDef()
 * routes.get('/')(async () => new Response({ text: 'Hello' }))
 *
 * class Items {
 *   \@routes.get('/items/{id}')
 *   async show (request: FastifyRequest) { return jsonResponse(request.matchInfo) }
 * }
 * new Items()
 * app.addRoutes(routes)
 */
export class RouteTableDef implements Iterable<AnyRouteDef> {
  readonly #items: AnyRouteDef[] = []

  /** How many routes there are. */
  get length (): number {
    return this.#items.length
  }

  /** The route at an index; negative ones count from the end. */
  at (index: number): AnyRouteDef | undefined {
    return this.#items.at(index)
  }

  includes (item: AnyRouteDef): boolean {
    return this.#items.includes(item)
  }

  indexOf (item: AnyRouteDef): number {
    return this.#items.indexOf(item)
  }

  [Symbol.iterator] (): IterableIterator<AnyRouteDef> {
    return this.#items[Symbol.iterator]()
  }

  /** A route for one method, or with `*` for any. */
  route (method: string, path: string, options?: AddGetOptions): RouteDecorator {
    return (target, context) => this.#decorate(target, context, handler => route(method, path, handler, options))
  }

  /** A route for GET, and for HEAD unless `allowHead` is false. */
  get (path: string, options?: AddGetOptions): RouteDecorator {
    return this.route('GET', path, options)
  }

  /** A route for HEAD. */
  head (path: string, options?: AddRouteOptions): RouteDecorator {
    return this.route('HEAD', path, options)
  }

  /** A route for POST. */
  post (path: string, options?: AddRouteOptions): RouteDecorator {
    return this.route('POST', path, options)
  }

  /** A route for PUT. */
  put (path: string, options?: AddRouteOptions): RouteDecorator {
    return this.route('PUT', path, options)
  }

  /** A route for PATCH. */
  patch (path: string, options?: AddRouteOptions): RouteDecorator {
    return this.route('PATCH', path, options)
  }

  /** A route for DELETE. */
  delete (path: string, options?: AddRouteOptions): RouteDecorator {
    return this.route('DELETE', path, options)
  }

  /** A route for OPTIONS. */
  options (path: string, options?: AddRouteOptions): RouteDecorator {
    return this.route('OPTIONS', path, options)
  }

  /** A class of views for any method. */
  view (path: string, options?: AddRouteOptions): ViewDecorator {
    return (target, context) => this.#decorate(target, context, handler => route('*', path, handler, options))
  }

  /** A folder of files. */
  static (prefix: string, path: string | URL, options?: StaticOptions): void {
    this.#items.push(staticFiles(prefix, path, options))
  }

  #decorate<Target extends RouteTarget> (
    target: Target, context: DecoratorContext | undefined, define: (handler: RouteTarget) => AnyRouteDef
  ): void {
    if (context === undefined || context.kind === 'class') {
      this.#items.push(define(target))
      return
    }
    if (context.kind !== 'method') throw new AIO_ERR_DECORATOR(describe(context.kind ?? context))
    // Faults come up at the decorator, not at the first object.
    define(target)
    const items = this.#items
    context.addInitializer(function (this: unknown) {
      items.push(define(Function.prototype.bind.call(target, this)))
    })
  }
}
