/**
 * The tables of an app, of its sub-applications and domains, and what they say about a request.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HTTPInternalServerError, HTTPMethodNotAllowed, HTTPNotFound, type HTTPException } from '../exceptions/index.ts'
import { abortStarted, rememberReply, replyOf, StreamResponse } from '../responses/index.ts'
import type { RouteDef, RouteHandler } from './definitions.ts'
import { Domain } from './domain.ts'
import { decodePath, pathOf } from './encoding.ts'
import type { LiveRoute } from './live/live-route.ts'
import type { PathParams } from './pattern.ts'
import { Plan } from './plan.ts'
import { hostOf } from './strategies.ts'
import { Table, type Resolution, type Resource, type Route } from './table.ts'
import { isViewClass, viewHandler } from './view.ts'

/** Leads from a request to what it has come to. A weak map would cost several times as much, and the collector most. */
const kAnswer: unique symbol = Symbol('fastify-aiohttp.answer')

interface Answer {
  /** A request may pass from one app to another. */
  readonly routing: Routing
  /** A hook may change where it goes. */
  readonly target: string
  readonly resolution: Resolution<RouteData>
}

declare module 'node:http' {
  interface IncomingMessage {
    [kAnswer]?: Answer
  }
}

/** What belongs to a route of ours. */
export interface RouteData {
  readonly def: RouteDef
  /** Runs the handler, or the view. */
  readonly run: RouteHandler
  /** Set for a route that was added while the app ran. */
  readonly live?: LiveRoute
  /** Whether the path is in Fastify's syntax. */
  readonly native?: boolean
  /** Where it is registered. */
  context?: FastifyInstance
}

/** A route of Fastify for routes that are asked for: what its constraint is called, and its methods. */
interface Door { readonly id: string, readonly methods: Set<string> }

/** All tables of one app. */
export class Routing {
  readonly #tables = new Map<FastifyInstance, Table<RouteData>>()
  readonly #plans = new Map<Table<RouteData>, Plan<RouteData>>()
  readonly #domains: { domain: Domain, table: Table<RouteData> }[] = []
  /** The domains of Host headers that were asked for lately. */
  readonly #hosts = new Map<string, { domain: Domain, table: Table<RouteData> } | undefined>()
  readonly #doors = new Map<Route<RouteData>, string>()
  readonly #shared = new Map<FastifyInstance, Map<string, Door>>()
  readonly #live = new Map<FastifyInstance, readonly string[]>()
  #doorCount = 0
  #started = false
  readonly #outermost = new Table<RouteData>()

  constructor (app: FastifyInstance) {
    this.assign(app, this.#outermost)
  }

  /** Whether Fastify's router is closed. */
  get started (): boolean {
    return this.#started
  }

  /** Notes that Fastify takes no more routes. */
  start (): void {
    this.#started = true
    for (const plan of this.#plans.values()) plan.release()
  }

  /** Makes an app the one whose routes a table has. */
  assign (app: FastifyInstance, table: Table<RouteData>): void {
    this.#tables.set(app, table)
  }

  /** The table of the nearest app. */
  tableOf (app: FastifyInstance): Table<RouteData> {
    for (let nearest: FastifyInstance | null = app; nearest !== null; nearest = Object.getPrototypeOf(nearest)) {
      const table = this.#tables.get(nearest)
      if (table !== undefined) return table
    }
    return this.#outermost
  }

  /** The sub-application a context belongs to, and those around it, from the inside to the outside. */
  appsOf (context: FastifyInstance): FastifyInstance[] {
    const apps: FastifyInstance[] = []
    // An encapsulated child has its parent as prototype.
    for (let app: FastifyInstance | null = context; app !== null; app = Object.getPrototypeOf(app)) {
      if (this.#tables.has(app)) apps.push(app)
    }
    return apps
  }

  planOf (table: Table<RouteData>): Plan<RouteData> {
    let plan = this.#plans.get(table.root)
    if (plan === undefined) this.#plans.set(table.root, plan = new Plan())
    return plan
  }

  /** @throws AIO_ERR_DOMAIN */
  addDomain (text: string): { text: string, table: Table<RouteData> } {
    const domain = new Domain(text)
    const table = new Table<RouteData>()
    this.#domains.push({ domain, table })
    this.#hosts.clear()
    return { text: domain.text, table }
  }

  /** The domain a Host header belongs to: the first that matches. */
  domainOf (host: string | undefined): string | undefined {
    return this.#findDomain(host)?.domain.text
  }

  /** The domain of a table. */
  domainOfTable (table: Table<RouteData>): string | undefined {
    return this.#domains.find(domain => domain.table === table.root)?.domain.text
  }

  /** All outermost tables. */
  get tables (): Table<RouteData>[] {
    return [this.#outermost, ...this.#domains.map(({ table }) => table)]
  }

  /** What a request comes to; worked out once for each. */
  resolve (request: IncomingMessage): Resolution<RouteData> {
    const { method = 'GET', url: target = '/' } = request
    const known = this.#answerOf(request)
    if (known?.target === target) return known.resolution
    const resolution = this.resolveTarget(method, target, hostOf(request))
    request[kAnswer] = { routing: this, target, resolution }
    return resolution
  }

  #answerOf ({ [kAnswer]: answer }: IncomingMessage): Answer | undefined {
    return answer?.routing === this ? answer : undefined
  }

  /** What a request would come to. */
  resolveTarget (method: string, target: string, host: string | undefined): Resolution<RouteData> {
    const table = this.#findDomain(host)?.table ?? this.#outermost
    return table.resolve(method, decodePath(pathOf(target)))
  }

  /** The route of Fastify that all routes without options of their own share behind one wildcard. */
  sharedDoor (scope: FastifyInstance, url: string): Door {
    const doors = this.#shared.get(scope) ?? new Map<string, Door>()
    this.#shared.set(scope, doors)
    let door = doors.get(url)
    if (door === undefined) doors.set(url, door = { id: `${url}#${this.#doorCount++}`, methods: new Set() })
    return door
  }

  /** Names the doors of a context for its live routes. */
  addDoors (context: FastifyInstance, count: number): readonly string[] {
    const number = this.#doorCount++
    const doors = Array.from({ length: count }, (_, kind) => `live#${number}.${kind}`)
    this.#live.set(context, doors)
    return doors
  }

  /** The doors of exactly this context. */
  doorsOf (context: FastifyInstance): readonly string[] | undefined {
    return this.#live.get(context)
  }

  setDoor (route: Route<RouteData>, id: string): void {
    this.#doors.set(route, id)
  }

  /** Closes the door to a route. */
  deleteDoor (route: Route<RouteData>): void {
    this.#doors.delete(route)
  }

  /** For the router's constraint: behind which of Fastify's routes a request finds its own. */
  doorOf (request: IncomingMessage): string | undefined {
    const route = this.resolve(request).route ?? this.#preflighted(request)
    return route === null ? undefined : this.#doors.get(route)
  }

  /** The values of the variables in the path of a request. */
  paramsOf ({ raw, params }: FastifyRequest): PathParams {
    // Before its own hooks run, a route that was asked for has the wildcard of Fastify's router.
    const answer = this.#answerOf(raw)?.resolution
    return answer?.route == null ? Object(params) : answer.params
  }

  /** The exception for a request no route has. */
  exceptionFor (request: FastifyRequest): HTTPException {
    const allowed = request.server.allowedMethods.find(request)
    return allowed.length > 0 && !allowed.includes(request.method)
      ? new HTTPMethodNotAllowed(request.method, allowed)
      : new HTTPNotFound()
  }

  /** Runs the route the table has for a request. @throws HTTPNotFound, HTTPMethodNotAllowed */
  dispatch (context: FastifyInstance, request: FastifyRequest, reply: FastifyReply): unknown {
    const resolution = this.resolve(request.raw)
    if (resolution.route === null) throw this.exceptionFor(request)
    request.params = resolution.params
    return Reflect.apply(resolution.route.data.run, context, [request, reply])
  }

  /**
   * The handler of a direct route. Fastify's variables may be empty or have braces, aiohttp's may not: such
   * requests, and those of another route that was added too late for Fastify's router, go by the table.
   */
  directHandler (route: Route<RouteData>): RouteHandler {
    const { data: { run }, resource: { pattern: { names }, table } } = route
    const plan = this.planOf(table)
    const dispatch = this.dispatch.bind(this)
    return function direct (request, reply) {
      if (plan.isContested(route) || !areValid(request.params, names)) return dispatch(this, request, reply)
      return Reflect.apply(run, this, [request, reply])
    }
  }

  /** The route that a preflight asks about: it is answered behind the same door. */
  #preflighted (request: IncomingMessage): Route<RouteData> | null {
    const { headers: { 'access-control-request-method': method }, method: own, url = '/' } = request
    if (own !== 'OPTIONS' || method === undefined) return null
    const { route } = this.resolveTarget(method, url, hostOf(request))
    // A live route has no such door of its own.
    return route?.data.live === undefined ? route : null
  }

  #findDomain (host: string | undefined) {
    if (host === undefined || this.#domains.length === 0) return undefined
    if (this.#hosts.has(host)) return this.#hosts.get(host)
    const found = this.#domains.find(({ domain }) => domain.matches(host))
    // Anybody may send any Host.
    if (this.#hosts.size >= 1000) this.#hosts.clear()
    this.#hosts.set(host, found)
    return found
  }
}

/** What the constraint of a resource with options of its own is called. */
export function resourceId ({ pattern, order }: Resource<RouteData>): string {
  return `${pattern.path}##${order}`
}

/** Everything about a definition that is worked out once. */
export function routeData (def: RouteDef): RouteData {
  const handler: RouteHandler = isViewClass(def.handler) ? viewHandler(def.handler) : def.handler
  return {
    def,
    run (request, reply) {
      rememberReply(request, reply)
      const answer: unknown = Reflect.apply(handler, this, [request, reply])
      return answer instanceof Promise ? answered(answer, request, reply) : answer
    }
  }
}

/**
 * A handler that forgets to return a response is a fault, not an empty page. One that returns what it has written to is
 * done with it; one that fails in the middle leaves a connection to be cut.
 */
async function answered (answer: Promise<unknown>, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  try {
    const response = await answer
    if (response instanceof StreamResponse && response.prepared) {
      await response.writeEof()
      // Middlewares want to see it; Fastify knows it already.
      return reply === replyOf(request) ? reply : response
    }
    if (response === undefined && !reply.sent && reply.statusCode === 200 && !reply.raw.headersSent) {
      throw new HTTPInternalServerError({ cause: new Error('Missing response: the handler returned undefined') })
    }
    return response
  } catch (error) {
    abortStarted(request)
    throw error
  }
}

function areValid (params: unknown, names: readonly string[]): boolean {
  for (const name of names) {
    const value: unknown = Object(params)[name]
    // A schema may have made it something else than text.
    if (value === '' || (typeof value === 'string' && (value.includes('{') || value.includes('}')))) return false
  }
  return true
}
