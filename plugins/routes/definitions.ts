/**
 * Routes written down as values: `app.addRoutes([get('/', hello), post('/login', login)])`.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import {
  AIO_ERR_OPTION_INVALID, AIO_ERR_ROUTE_HANDLER, AIO_ERR_ROUTE_METHOD, AIO_ERR_ROUTE_PATH
} from '../../lib/errors.ts'
import { boolean, checkOptions, describe, object, string } from '../../lib/options.ts'
import type { StaticOptions } from '../static/index.ts'
import { Pattern } from './pattern.ts'
import { isViewClass, type ViewClass } from './view.ts'

/**
 * A handler as Fastify has it, for any kind of request. Written as a method, so that a handler may ask for a
 * request with typed parameters.
 */
export type RouteHandler = {
  handle (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): unknown
}['handle']

/** What answers a route. */
export type RouteTarget = RouteHandler | ViewClass

/** Options of a route: those of Fastify's routes, of other plugins, and these. */
export interface AddRouteOptions extends
  Omit<RouteShorthandOptions, 'constraints' | 'handler' | 'exposeHeadRoute' | 'prefixTrailingSlash'> {
  /**
   * For `app.urlFor()`: identifiers, separated by a dot, a colon or a dash.
   *
   * @default none
   */
  name?: string | undefined
}

/** Options of a GET route. */
export interface AddGetOptions extends AddRouteOptions {
  /**
   * Answers HEAD as well.
   *
   * @default true
   */
  allowHead?: boolean | undefined
}

/** A route that can be added to an app. */
export interface RouteDef {
  readonly kind: 'route'
  /** In upper case; `*` is any. */
  readonly method: string
  readonly path: string
  readonly handler: RouteTarget
  readonly options: AddGetOptions
}

/** A folder of files that can be added to an app. */
export interface StaticDef {
  readonly kind: 'static'
  readonly prefix: string
  readonly path: string | URL
  readonly options: StaticOptions
}

/** Whatever `app.addRoutes()` takes. */
export type AnyRouteDef = RouteDef | StaticDef

/**
 * A route for one method, or with `*` for any.
 *
 * @throws AIO_ERR_ROUTE_METHOD, AIO_ERR_ROUTE_PATH, AIO_ERR_ROUTE_HANDLER, AIO_ERR_OPTION_INVALID
 */
export function route (method: string, path: string, handler: RouteTarget, options: AddGetOptions = {}): RouteDef {
  if (typeof method !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(method)) {
    throw new AIO_ERR_ROUTE_METHOD(describe(method), 'expected a token of RFC 9110, or *')
  }
  // Speaks up where the route is written, not where it is added.
  const { path: checked } = new Pattern(path)
  if (typeof handler !== 'function' || (/^class\b/.test(String(handler)) && !isViewClass(handler))) {
    throw new AIO_ERR_ROUTE_HANDLER(`${method} ${checked}`, describe(handler))
  }
  checkRouteOptions(`${method.toUpperCase()} ${checked}`, options)
  return Object.freeze({ kind: 'route', method: method.toUpperCase(), path, handler, options })
}

/** A route for GET, and for HEAD unless `allowHead` is false. */
export function get (path: string, handler: RouteTarget, options?: AddGetOptions): RouteDef {
  return route('GET', path, handler, options)
}

/** A route for HEAD. */
export function head (path: string, handler: RouteTarget, options?: AddRouteOptions): RouteDef {
  return route('HEAD', path, handler, options)
}

/** A route for POST. */
export function post (path: string, handler: RouteTarget, options?: AddRouteOptions): RouteDef {
  return route('POST', path, handler, options)
}

/** A route for PUT. */
export function put (path: string, handler: RouteTarget, options?: AddRouteOptions): RouteDef {
  return route('PUT', path, handler, options)
}

/** A route for PATCH. */
export function patch (path: string, handler: RouteTarget, options?: AddRouteOptions): RouteDef {
  return route('PATCH', path, handler, options)
}

/** A route for DELETE (aiohttp: delete, which is a reserved word here). */
export function del (path: string, handler: RouteTarget, options?: AddRouteOptions): RouteDef {
  return route('DELETE', path, handler, options)
}

/** A route for OPTIONS. */
export function options (path: string, handler: RouteTarget, options?: AddRouteOptions): RouteDef {
  return route('OPTIONS', path, handler, options)
}

/** A class of views for any method. */
export function view (path: string, handler: ViewClass, options?: AddRouteOptions): RouteDef {
  return route('*', path, handler, options)
}

/** A folder of files (aiohttp: static); options as with `app.addStatic()`. */
export function staticFiles (prefix: string, path: string | URL, options: StaticOptions = {}): StaticDef {
  if (typeof prefix !== 'string' || !prefix.startsWith('/')) {
    throw new AIO_ERR_ROUTE_PATH(describe(prefix), 'expected it to start with /')
  }
  return Object.freeze({ kind: 'static', prefix, path, options })
}

/** Options of others are theirs to check. */
function checkRouteOptions (where: string, options: AddGetOptions): void {
  if (!object.test(options)) throw new AIO_ERR_OPTION_INVALID('options', where, object.expected, describe(options))
  const { name, allowHead } = options
  checkOptions<Pick<AddGetOptions, 'name' | 'allowHead'>>(where, { name, allowHead }, { name: string, allowHead: boolean })
}
