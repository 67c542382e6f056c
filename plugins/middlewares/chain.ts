/**
 * Chains of middlewares, and which of them belong to a context.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import { describe, func, listOf } from '../../lib/options.ts'
import type { StreamResponse } from '../responses/index.ts'
import { AIO_ERR_MIDDLEWARE_LATE, AIO_ERR_MIDDLEWARE_RESPONSE } from './errors.ts'

/** What a middleware calls to go on: the next middleware, or at the end of the chain the handler of the route. */
export type Handler = (request: FastifyRequest) => Promise<StreamResponse>

/** Stands around a handler: answers in its place, or calls it and hands its response on, changed or not. */
export type Middleware = (request: FastifyRequest, handler: Handler) => StreamResponse | Promise<StreamResponse>

/**
 * Puts middlewares around a handler, the first of them outermost. What one of them throws, the one around it
 * can catch.
 */
export function compose (middlewares: readonly Middleware[], handler: Handler): Handler {
  return middlewares.reduceRight<Handler>(enclose, handler)
}

/** A middleware around what comes next. No asynchronous function, which would wait once more in every middleware. */
function enclose (next: Handler, middleware: Middleware): Handler {
  const check = (response: StreamResponse | undefined) => {
    if (response === undefined) throw new AIO_ERR_MIDDLEWARE_RESPONSE(middleware.name)
    return response
  }
  return request => {
    try {
      return Promise.resolve(middleware(request, next)).then(check)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/** The middlewares of every context of an app. */
export class Chains {
  readonly #own = new Map<FastifyInstance, Middleware[]>()
  /** Contexts with routes, their own or those of a child, and the first of these. */
  readonly #routed = new Map<FastifyInstance, string>()

  /** @throws AIO_ERR_OPTION_INVALID, AIO_ERR_MIDDLEWARE_LATE */
  add (app: FastifyInstance, middleware: Middleware, where: string): void {
    checkMiddlewares([middleware], where)
    const route = this.#routed.get(app)
    if (route !== undefined) throw new AIO_ERR_MIDDLEWARE_LATE(middleware.name, route)
    const own = this.#own.get(app)
    if (own === undefined) this.#own.set(app, [middleware])
    else own.push(middleware)
  }

  /** The middlewares of a context and of those around it, outermost first. */
  of (context: FastifyInstance): Middleware[] {
    return lineage(context).reverse().flatMap(app => this.#own.get(app) ?? [])
  }

  /** Notes that a context has a route: its chain is fixed. */
  fix (context: FastifyInstance, route: string): void {
    for (const app of lineage(context)) if (!this.#routed.has(app)) this.#routed.set(app, route)
  }
}

/** @throws AIO_ERR_OPTION_INVALID */
export function checkMiddlewares (middlewares: unknown, where: string): asserts middlewares is readonly Middleware[] {
  const expected = listOf(func)
  if (!expected.test(middlewares)) {
    throw new AIO_ERR_OPTION_INVALID('middlewares', where, expected.expected, describe(middlewares))
  }
}

/** A context and those around it. */
function lineage (context: FastifyInstance): FastifyInstance[] {
  const apps: FastifyInstance[] = []
  // An encapsulated child has its parent as prototype.
  for (let app: FastifyInstance | null = context; app !== null; app = Object.getPrototypeOf(app)) apps.push(app)
  return apps
}
