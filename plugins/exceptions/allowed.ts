/**
 * Which methods a path has: a second router that is asked only when no route matched.
 *
 * @module
 */

import type { IncomingHttpHeaders } from 'node:http'
import FindMyWay from 'find-my-way'
import type { FastifyRequest, RouteOptions } from 'fastify'

/** How paths are compared; has to be what Fastify's own router was made with. */
export interface RouterOptions {
  readonly allowUnsafeRegex: boolean
  readonly caseSensitive: boolean
  readonly ignoreDuplicateSlashes: boolean
  readonly ignoreTrailingSlash: boolean
  readonly maxParamLength: number
  readonly useSemicolonDelimiter: boolean
}

/** The methods somebody knows for the path of a request. */
export type MethodSource = (request: FastifyRequest) => readonly string[]

/** The methods of all routes, by path. */
export class AllowedMethods {
  readonly #router: FindMyWay.Instance<FindMyWay.HTTPVersion.V1>
  readonly #options: RouterOptions
  readonly #methods = new Set<string>()
  readonly #sources: MethodSource[] = []

  constructor (options: RouterOptions) {
    this.#options = options
    this.#router = FindMyWay(options)
  }

  /** One for routes that are kept apart, such as those of a domain. */
  fork (): AllowedMethods {
    return new AllowedMethods(this.#options)
  }

  /** Adds somebody who knows routes that Fastify does not, or not by their path. */
  addSource (source: MethodSource): void {
    this.#sources.push(source)
  }

  /** Notes a route. */
  add ({ method, url, constraints, config }: Pick<RouteOptions, 'method' | 'url' | 'constraints' | 'config'>): void {
    if (config?.allowed === false) return
    for (const name of [method].flat()) {
      // A preflight route for all paths says nothing about which paths exist.
      if (name === 'OPTIONS' && /^\/?\*$/.test(url)) continue
      this.#on(name, url, constraints ?? {})
    }
  }

  /** The methods for the path of a request, sorted; none when there is no such path. */
  find (request: FastifyRequest): string[] {
    const { headers, raw: { url = '/' } } = request
    const methods = new Set<string>()
    for (const method of this.#methods) if (this.findFor(method, url, headers)) methods.add(method)
    for (const source of this.#sources) for (const method of source(request)) methods.add(method)
    return [...methods].sort()
  }

  /** Whether Fastify has a route for a path under a method; sources are not asked. */
  findFor (method: string, url: string, { host, 'accept-version': version, ':authority': authority }: IncomingHttpHeaders): boolean {
    return this.#router.find(toMethod(method), url, { host: host ?? authority, version }) !== null
  }

  /** The path of the route Fastify has for a path under a method, as it was written. */
  pathFor (method: string, url: string): string | undefined {
    const path: unknown = this.#router.find(toMethod(method), url)?.store
    return typeof path === 'string' ? path : undefined
  }

  #on (method: string, url: string, { host, version }: { host?: unknown, version?: unknown }): void {
    // Constraints of one's own are left out: their routes count for every request.
    const constraints = { ...(host !== undefined && { host }), ...(version !== undefined && { version }) }
    if (!this.#methods.has(method)) this.#methods.add(method)
    if (this.#router.findRoute(toMethod(method), url, constraints) !== null) return
    this.#router.on(toMethod(method), url, { constraints }, () => {}, url)
  }
}

/** Fastify lets users add methods; the router's types know the usual ones only. */
function toMethod (method: string): FindMyWay.HTTPMethod {
  return method as FindMyWay.HTTPMethod
}
