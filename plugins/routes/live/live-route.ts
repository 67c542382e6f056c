/**
 * One live route, ready to run: everything Fastify works out for its own routes at start.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import { describe, func, integer, object, type Check } from '../../../lib/options.ts'
import type { AddGetOptions, RouteHandler } from '../definitions.ts'
import { AIO_ERR_ROUTE_OPTION } from '../errors.ts'
import type { PathParams } from '../pattern.ts'
import type { Activity } from './activity.ts'
import type { BodyParser } from './bodies.ts'
import { hookNames, type Hook, type HookName, type Hooks } from './hooks.ts'
import { wildcard } from './fastify-path.ts'
import type { LiveContext } from './live-context.ts'
import { RouteSchemas } from './schemas.ts'

/** The options of a route after all `onRoute` hooks have seen it. */
export interface FinalRoute extends AddGetOptions {
  readonly method: string
  /** With the prefixes, as it was written. */
  readonly url: string
  handler: RouteHandler
}

/** What a live route reads of the options of a route, beyond its hooks. */
const shape: Record<string, Check> = {
  bodyLimit: integer(1),
  errorHandler: func,
  schemaErrorFormatter: func,
  validatorCompiler: func,
  serializerCompiler: func,
  schema: object,
  config: object
}

/** Fastify reads these when it makes a request, before a live route is known. */
const unknown = ['childLoggerFactory', 'constraints', 'handlerTimeout', 'logSerializers', 'version']

/** A route and all that belongs to it. */
export class LiveRoute {
  readonly self: FastifyInstance
  readonly owner: FastifyInstance
  readonly hooks: Hooks
  readonly handler: RouteHandler
  readonly errorHandler: Hook | undefined
  readonly schemaErrorFormatter: Hook | undefined
  readonly schemas: RouteSchemas | undefined
  readonly parsers: readonly BodyParser[]
  readonly inheritsParsers: boolean
  readonly bodyLimit: number | undefined
  readonly attachValidation: boolean
  readonly logLevel: string | undefined
  /** Who waits for the requests of this route, when it is removed. */
  readonly activity: Activity | undefined
  /** What `request.routeOptions` says. */
  readonly routeOptions: FastifyRequest['routeOptions']
  readonly #hasWildcard: boolean
  readonly #decorations: Record<'request' | 'reply', PropertyDescriptorMap | undefined>

  /** @throws AIO_ERR_ROUTE_OPTION, AIO_ERR_ROUTE_SCHEMA */
  constructor (route: FinalRoute, context: LiveContext, mark: object) {
    const { self, owner } = context
    checkOptions(route, owner)
    this.self = self
    this.owner = owner
    this.hooks = hooksOf(route, context)
    this.handler = route.handler
    this.errorHandler = route.errorHandler ?? context.errorHandler
    this.schemaErrorFormatter = route.schemaErrorFormatter ?? context.schemaErrorFormatter
    this.schemas = compile(route, context)
    this.parsers = context.parsers
    this.inheritsParsers = context.inheritsParsers
    this.bodyLimit = route.bodyLimit
    this.attachValidation = route.attachValidation ?? false
    this.logLevel = route.logLevel ?? context.logLevel
    this.activity = context.unit.activity
    this.routeOptions = describeOptions(route, this, mark)
    this.#hasWildcard = route.url.endsWith('*')
    this.#decorations = { request: mapOf(context.request), reply: mapOf(context.reply) }
  }

  /** Makes a request one of this route. */
  enter (request: FastifyRequest, reply: FastifyReply, params: PathParams): void {
    request.params = this.#hasWildcard ? withWildcard(params) : params
    if (this.logLevel !== undefined && 'level' in request.log) request.log.level = this.logLevel
    if (this.self !== this.owner) Object.defineProperty(request, 'server', { value: this.self, configurable: true })
    const { request: ofRequest, reply: ofReply } = this.#decorations
    if (ofRequest !== undefined) Object.defineProperties(request, ofRequest)
    if (ofReply !== undefined) Object.defineProperties(reply, ofReply)
    this.activity?.enter(request, reply)
  }

  /** Runs the handler. */
  run (request: FastifyRequest, reply: FastifyReply): unknown {
    const result: unknown = Reflect.apply(this.handler, this.self, [request, reply])
    this.activity?.hold(request, result)
    return result
  }
}

/** Fastify's name for the rest of a path. */
function withWildcard ({ [wildcard]: rest = '', ...params }: PathParams): PathParams {
  return { ...params, '*': rest }
}

function checkOptions (route: FinalRoute, owner: FastifyInstance): void {
  const where = `${route.method} ${route.url}`
  for (const [name, { test, expected }] of Object.entries(shape)) {
    const value: unknown = Reflect.get(route, name)
    if (value !== undefined && !test(value)) throw new AIO_ERR_ROUTE_OPTION(name, where, expected, describe(value))
  }
  for (const name of unknown) {
    if (Reflect.get(route, name) !== undefined) {
      throw new AIO_ERR_ROUTE_OPTION(name, where, 'it not to be there', describe(Reflect.get(route, name)))
    }
  }
  for (const name of hookNames) {
    for (const hook of [Reflect.get(route, name) ?? []].flat()) {
      if (!func.test(hook)) throw new AIO_ERR_ROUTE_OPTION(name, where, 'functions', describe(hook))
    }
  }
  const { levels: { values } = {} }: { levels?: { values?: object } } = Object(owner.log)
  const { logLevel } = route
  if (logLevel === undefined || logLevel === 'silent' || values === undefined || logLevel in values) return
  throw new AIO_ERR_ROUTE_OPTION('logLevel', where, `silent, ${Object.keys(values).join(', ')}`, describe(logLevel))
}

/** Hooks of the context, then those of the route. */
function hooksOf (route: FinalRoute, context: LiveContext): Hooks {
  const own = (name: HookName): readonly Hook[] => [Reflect.get(route, name) ?? []].flat()
  const of = (name: HookName) => [...context.hooks.get(name) ?? [], ...own(name)]
  return Object.fromEntries(hookNames.map(name => [name, of(name)])) as unknown as Hooks
}

function compile (route: FinalRoute, context: LiveContext): RouteSchemas | undefined {
  const { schema, method, url } = route
  if (schema === undefined) return undefined
  return new RouteSchemas(schema, { method, url }, {
    validator: route.validatorCompiler ?? context.app.validatorCompiler,
    serializer: route.serializerCompiler ?? context.app.serializerCompiler,
    shared: context.schemas
  })
}

function describeOptions (route: FinalRoute, live: LiveRoute, mark: object): FastifyRequest['routeOptions'] {
  const { method, url, schema, config } = route
  const { bodyLimit = 1024 ** 2 }: FastifyServerOptions = live.owner.initialConfig
  return {
    method: method as FastifyRequest['method'],
    url,
    bodyLimit: live.bodyLimit ?? bodyLimit,
    attachValidation: live.attachValidation,
    logLevel: live.logLevel ?? '',
    exposeHeadRoute: false,
    prefixTrailingSlash: 'slash',
    handler: live.handler,
    config: Object.assign({ ...config, url, method }, mark),
    ...(schema !== undefined && { schema })
  } as FastifyRequest['routeOptions']
}

function mapOf (decorations: ReadonlyMap<string, PropertyDescriptor>): PropertyDescriptorMap | undefined {
  return decorations.size === 0 ? undefined : Object.fromEntries(decorations)
}
