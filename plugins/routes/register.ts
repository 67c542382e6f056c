/**
 * How routes of the tables become routes of Fastify.
 *
 * @module
 */

import { METHODS, type IncomingMessage } from 'node:http'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { AIO_ERR_ROUTE_LIMIT } from '../../lib/errors.ts'
import type { RouteHandler } from './definitions.ts'
import { CompilerRequest } from './live/compiler-request.ts'
import { addOwnParser, doorKinds, doorRoute } from './live/doors.ts'
import { askedPath, directPath } from './plan.ts'
import { resourceId, type RouteData, type Routing } from './routing.ts'
import { domainStrategy, resourceStrategy } from './strategies.ts'
import type { Route } from './table.ts'

/** Marks Fastify's routes that are ours. */
const kRoute = Symbol('fastify-aiohttp.route')

/** The route of the table behind a request; `null` when none of ours answers, `undefined` for Fastify's own. */
export function ownRouteOf ({ routeOptions: { config } }: FastifyRequest): Route<RouteData> | null | undefined {
  return Reflect.get(config, kRoute)
}

/** What Fastify's router needs to be told before the routes. */
type Strategy = Parameters<FastifyInstance['addConstraintStrategy']>[0]

/** Whether a route that Fastify is about to add is one of ours. */
export function isOwnOptions ({ config }: RouteOptions): boolean {
  return config !== undefined && kRoute in config
}

/** Marks a route of Fastify as ours; the table knows what is allowed. */
export function markOf (route: Route<RouteData> | null): object {
  return { allowed: false, [kRoute]: route }
}

/** The table knows what is allowed. */
function ownConfig (route: Route<RouteData> | null, config?: object): FastifyContextConfig {
  return Object.assign({ ...config }, markOf(route))
}

/** Hands a route to Fastify, in the context its hooks are to come from. */
export function registerRoute (scope: FastifyInstance, route: Route<RouteData>, routing: Routing): void {
  const { resource, data: { def, run } } = route
  const plan = routing.planOf(resource.table)
  const direct = plan.isDirect(route)
  const methods = methodsOf(scope, route)
  plan.register(route, methods)
  route.data.context = scope
  const { name: _name, allowHead: _allowHead, ...options } = def.options
  const shared = {
    ...options,
    exposeHeadRoute: false,
    prefixTrailingSlash: 'slash',
    config: ownConfig(route, options.config)
  } as const
  if (direct) {
    const own = methods.filter(method => isReached(route, method))
    for (const method of own) addMethod(scope, method)
    scope.route({ ...shared, method: own, url: directPath(resource.pattern), handler: routing.directHandler(route) })
    return
  }
  const url = askedPath(resource.pattern)
  const isPlain = Object.values(options).every(value => value === undefined)
  const door = isPlain ? routing.sharedDoor(scope, url) : { id: resourceId(resource), methods: new Set<string>() }
  const missing = methods.filter(method => !door.methods.has(method))
  routing.setDoor(route, door.id)
  if (missing.length === 0) return
  for (const method of missing) door.methods.add(method)
  useStrategy(scope, resourceStrategy(request => routing.doorOf(request)))
  addAsked(scope, resource.pattern.path, {
    ...shared,
    method: missing,
    url,
    constraints: { resource: door.id },
    onRequest: [setParams(routing), ...[options.onRequest ?? []].flat()],
    handler: isPlain ? dispatcher(routing) : run
  })
}

/** For many routes behind one of Fastify. */
function dispatcher (routing: Routing): RouteHandler {
  return function shared (request, reply) {
    return routing.dispatch(this, request, reply)
  }
}

/**
 * What answers in a sub-application or a domain where no route does: in its own context, so that its hooks
 * and middlewares see the 404 or 405.
 */
export function registerNotFound (scope: FastifyInstance, routing: Routing): void {
  const table = routing.tableOf(scope)
  // Two sub-applications may have one prefix: the second is never asked.
  if (table.root.ownerOf(table.key) !== table) return
  addAllMethods(scope)
  for (const path of scope.prefix === '' ? ['/*'] : ['', '/*']) {
    const methods = scope.supportedMethods.filter(method => !scope.hasRoute({ method, url: scope.prefix + path }))
    if (methods.length === 0) continue
    scope.route({
      method: methods,
      url: path,
      exposeHeadRoute: false,
      config: ownConfig(null),
      handler: dispatcher(routing)
    })
  }
}

/** Makes every route of a context, and of those inside of it, one of a domain. */
export function constrainToDomain (context: FastifyInstance, domain: string, routing: Routing): void {
  useStrategy(context, domainStrategy(host => routing.domainOf(host)))
  context.addHook('onRoute', route => {
    route.constraints = { ...route.constraints, domain }
  })
}

/** Fastify routes eight methods, aiohttp all that Node's parser knows. */
function addAllMethods (scope: FastifyInstance): void {
  for (const method of METHODS) if (method !== 'CONNECT') addMethod(scope, method)
}

function addMethod (scope: FastifyInstance, method: string): void {
  if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method, { hasBody: true })
}

/** Adds the doors for live routes to a context. */
export function registerDoors (context: FastifyInstance, routing: Routing): void {
  useStrategy(context, resourceStrategy(request => routing.doorOf(request)))
  addOwnParser(context)
  const ids = routing.addDoors(context, doorKinds.length)
  const config = { ...markOf(null), liveDoor: true }
  const resolve = (request: IncomingMessage) => routing.resolve(request)
  // Below a prefix the prefix itself is a path, too.
  for (const url of context.prefix === '' ? ['/*'] : ['', '/*']) {
    for (const [index, kind] of doorKinds.entries()) {
      context.route(doorRoute(context, { ...kind, url, id: ids[index] ?? '', config, resolve }))
    }
  }
  // No request comes here.
  const constraints = { resource: `${ids[0] ?? ''}.closed` }
  const schema = new CompilerRequest(context, () => routing.start())
  context.route({ method: 'GET', url: '/*', constraints, exposeHeadRoute: false, config, schema, handler: () => {} })
}

/** A fixed path may have been taken by another route, for some methods of many. */
function isReached (route: Route<RouteData>, method: string): boolean {
  const { pattern, table } = route.resource
  return pattern.names.length > 0 || table.root.resolve(method, pattern.literal).route === route
}

/** The methods Fastify has to know a route by; a method of the same path that has its own route is not among them. */
function methodsOf (scope: FastifyInstance, { method, resource }: Route<RouteData>): string[] {
  if (method !== '*') return [method]
  addAllMethods(scope)
  return scope.supportedMethods.filter(name => !resource.routes.has(name))
}

function addAsked (scope: FastifyInstance, path: string, options: RouteOptions): void {
  for (const method of [options.method].flat()) addMethod(scope, method)
  try {
    scope.route(options)
  } catch (error) {
    if (error instanceof Error && error.message.includes('maximum of 31')) throw new AIO_ERR_ROUTE_LIMIT(path)
    throw error
  }
}

/** Before any other hook of the route: Fastify knows the wildcard only. */
function setParams (routing: Routing) {
  return function params (request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
    const resolution = routing.resolve(request.raw)
    if (resolution.route !== null) request.params = resolution.params
    done()
  }
}

/** Fastify's types take constraints to be texts. */
function useStrategy (scope: FastifyInstance, strategy: { name: string }): void {
  if (!scope.hasConstraintStrategy(strategy.name)) scope.addConstraintStrategy(strategy as Strategy)
}
