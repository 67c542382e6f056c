/**
 * Doors: the wildcard routes of Fastify that live routes are behind. They are there from the start, in the app and in
 * each sub-application and domain, so that hooks, decorators, parsers and the error handler of that context apply.
 *
 * Fastify's router comes to a door only when no other route has the path, and opens it only when the table has a live
 * route for the request.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { HTTPUnsupportedMediaType } from '../../exceptions/index.ts'
import type { Resolution } from '../table.ts'
import type { RouteData } from '../routing.ts'
import { findParser, limitBody, parseBody, type BodyParser } from './bodies.ts'
import { hookNames, runHooks, type Hook, type HookName } from './hooks.ts'
import type { LiveRoute } from './live-route.ts'
import type { Problems } from './schemas.ts'

/** Leads from a request to its live route. */
export const kLive: unique symbol = Symbol('fastify-aiohttp.live')

/** Leads from a request to the parser of ours that its body goes to. */
const kParsing: unique symbol = Symbol('fastify-aiohttp.parsing')

declare module 'fastify' {
  interface FastifyRequest {
    [kLive]?: LiveRoute
    [kParsing]?: { readonly parser: BodyParser, readonly restore: () => void } | undefined
  }
}

/** For bodies that go to a parser of ours. */
const ownType = 'application/x-fastify-aiohttp-live'

type Resolve = (request: IncomingMessage) => Resolution<RouteData>
type Done = (error?: Error | null, payload?: unknown) => void

/** What a door needs to know. */
export interface DoorOptions {
  readonly url: string
  readonly id: string
  /** The hooks it has. */
  readonly hooks: readonly HookName[]
  /** Whether it leaves the limit of bodies to the live routes. */
  readonly limits: boolean
  readonly config: object
  readonly resolve: Resolve
}

/** The doors each context has, those that cost least first: a live route is behind the first that has what it needs. */
export const doorKinds: readonly { readonly hooks: readonly HookName[], readonly limits: boolean }[] = [
  { hooks: ['onRequest'], limits: false },
  { hooks: ['onRequest', 'preParsing', 'onResponse'], limits: false },
  { hooks: hookNames.filter(name => name !== 'onTimeout' && name !== 'onRequestAbort'), limits: false },
  { hooks: hookNames, limits: true }
]

/** The number of the door for a live route. */
export function doorKindFor ({ bodyLimit, hooks, inheritsParsers, parsers, schemas }: LiveRoute): number {
  const needs = new Set<HookName>(hookNames.filter(name => hooks[name].length > 0))
  if (parsers.length > 0 || !inheritsParsers) needs.add('preParsing')
  if (schemas?.validates === true) needs.add('preValidation')
  if (schemas?.serializes === true) needs.add('preSerialization')
  return doorKinds.findIndex(kind =>
    (bodyLimit === undefined || kind.limits) && [...needs].every(name => kind.hooks.includes(name)))
}

/** The route of Fastify that makes a door. */
export function doorRoute (app: FastifyInstance, options: DoorOptions): RouteOptions {
  const { url, id, hooks, limits, config, resolve } = options
  const all: Record<HookName, unknown> = {
    onRequest: open(resolve),
    preParsing,
    preValidation,
    preHandler: forward('preHandler'),
    preSerialization,
    onSend: forwardPayload('onSend'),
    onResponse: forward('onResponse', () => false),
    onError: forwardPayload('onError'),
    onTimeout: forward('onTimeout'),
    onRequestAbort
  }
  return {
    method: app.supportedMethods,
    url,
    exposeHeadRoute: false,
    prefixTrailingSlash: 'slash',
    constraints: { resource: id },
    config,
    // The app's limit would come before that of the route.
    ...(limits && { bodyLimit: Number.MAX_SAFE_INTEGER }),
    ...Object.fromEntries(hooks.map(name => [name, all[name]])),
    errorHandler: answerError,
    handler
  } as RouteOptions
}

function handler (request: FastifyRequest, reply: FastifyReply): unknown {
  return request[kLive]?.run(request, reply)
}

/** Bodies that go to parsers of ours come by this one. */
export function addOwnParser (app: FastifyInstance): void {
  if (app.hasContentTypeParser(ownType)) return
  app.addContentTypeParser(ownType, (request, payload, done) => {
    const { [kParsing]: parsing, [kLive]: live } = request
    // Somebody sends this type himself.
    if (parsing === undefined) return done(new HTTPUnsupportedMediaType())
    parsing.restore()
    const { bodyLimit = 1024 ** 2 } = app.initialConfig
    parseBody(parsing.parser, request, payload, live?.bodyLimit ?? bodyLimit, done)
  })
}

/** Finds the route; from here on the request is one of it. */
function open (resolve: Resolve) {
  const runOwn = forward('onRequest')
  return function enter (request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const resolution = resolve(request.raw)
    const live = resolution.route?.data.live
    if (live === undefined || resolution.route === null) return done()
    request[kLive] = live
    live.enter(request, reply, resolution.params)
    runOwn(request, reply, done)
  }
}

/** A hook of Fastify that runs those of the live route. */
function forward (name: HookName, isOver = (reply: FastifyReply) => reply.sent) {
  return function forwarded (request: FastifyRequest, reply: FastifyReply, done: Done): void {
    const hooks = hooksOf(request, name)
    if (hooks.length === 0) return done()
    runHooks(hooks, undefined, {
      isOver: () => isOver(reply),
      call: (hook, _payload, next) => apply(request, hook, [request, reply, (error?: unknown) => next(error)]),
      usesResult: false
    }, error => done(toError(error)))
  }
}

function forwardPayload (name: HookName, isOver = (_reply: FastifyReply) => false) {
  return function forwarded (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void {
    const hooks = hooksOf(request, name)
    if (hooks.length === 0) return done(null, payload)
    runHooks(hooks, payload, {
      isOver: () => isOver(reply),
      call: (hook, payload, next) => apply(request, hook, [request, reply, payload, next]),
      usesResult: true
    }, (error, payload) => done(toError(error), payload))
  }
}

function onRequestAbort (request: FastifyRequest, done: Done): void {
  runHooks(hooksOf(request, 'onRequestAbort'), undefined, {
    isOver: () => false,
    call: (hook, _payload, next) => apply(request, hook, [request, (error?: unknown) => next(error)]),
    usesResult: false
  }, error => done(toError(error)))
}

const runPreParsing = forwardPayload('preParsing', reply => reply.sent)
const runPreValidation = forward('preValidation')
const runPreSerialization = forwardPayload('preSerialization')

/** The parser is chosen when all hooks have run, for they may change the type. */
function preParsing (request: FastifyRequest, reply: FastifyReply, payload: Readable, done: Done): void {
  runPreParsing(request, reply, payload, (error, payload) => {
    if (error != null) return done(error)
    const live = request[kLive]
    if (live === undefined) return done(null, payload)
    let limited = payload
    try {
      if (live.bodyLimit !== undefined) limited = limitBody(payload as Readable, request, live.bodyLimit)
      redirectBody(request, live)
    } catch (error) {
      return done(toError(error))
    }
    done(null, limited)
    // No parser was asked: this method has no body for Fastify.
    request[kParsing]?.restore()
  })
}

/** Sends a body to the parser of ours: Fastify looks at its type between this hook and the next one. */
function redirectBody (request: FastifyRequest, live: LiveRoute): void {
  const { method, raw: { headers } } = request
  if (live.parsers.length === 0 && live.inheritsParsers) return
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return
  if (method === 'GET' || method === 'HEAD' || method === 'TRACE') return
  const { 'content-type': type } = headers
  const parser = findParser(live.parsers, type)
  if (parser === undefined && live.inheritsParsers) return
  if (parser === undefined) throw new HTTPUnsupportedMediaType()
  headers['content-type'] = ownType
  request[kParsing] = {
    parser,
    restore () {
      request[kParsing] = undefined
      if (type === undefined) delete headers['content-type']
      else headers['content-type'] = type
    }
  }
}

function preValidation (request: FastifyRequest, reply: FastifyReply, done: Done): void {
  runPreValidation(request, reply, error => {
    const live = request[kLive]
    if (error != null || live?.schemas?.validates !== true) return done(error)
    live.schemas.check(request).then(found => {
      if (found === undefined) return done()
      const failure = validationError(live, found)
      if (!live.attachValidation) return done(failure)
      request.validationError = failure
      done()
    }, done)
  })
}

/** The serializer is known when the status is. */
function preSerialization (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void {
  runPreSerialization(request, reply, payload, (error, payload) => {
    const serialize = request[kLive]?.schemas?.serializerFor(reply)
    if (error == null && serialize !== undefined) reply.serializer(serialize)
    done(error, payload)
  })
}

/** Without a handler of its own, an error goes on to that of the context around. */
function answerError (this: unknown, error: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
  const live = request[kLive]
  if (live?.errorHandler === undefined) throw error
  return apply(request, live.errorHandler, [error, request, reply])
}

/** As Fastify writes it. */
function validationError ({ schemaErrorFormatter }: LiveRoute, { part, problems }: Problems) {
  const list: { instancePath?: string, message?: string }[] = Array.isArray(problems) ? problems : []
  const formatted: unknown = schemaErrorFormatter === undefined
    ? undefined
    : Reflect.apply(schemaErrorFormatter, undefined, [list, part])
  const error = formatted instanceof Error
    ? formatted
    : problems instanceof Error
      ? problems
      : new Error(list.map(({ instancePath = '', message = '' }) => `${part}${instancePath} ${message}`).join(', '))
  return Object.assign(error, {
    statusCode: Number(Reflect.get(error, 'statusCode') ?? 400),
    code: 'FST_ERR_VALIDATION',
    validation: list as never[],
    validationContext: part as 'body'
  })
}

function hooksOf (request: FastifyRequest, name: HookName): readonly Hook[] {
  return request[kLive]?.hooks[name] ?? []
}

function apply (request: FastifyRequest, hook: Hook, args: unknown[]): unknown {
  return Reflect.apply(hook, request[kLive]?.self, args)
}

/** Fastify takes whatever was thrown. */
function toError (error: unknown): Error | null {
  return (error ?? null) as Error | null
}
