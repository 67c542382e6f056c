/**
 * HTTP exceptions: throw `new HTTPNotFound()` anywhere, get the response aiohttp would send.
 *
 * Installs the error handler (every error of the app comes out through one renderer) and the
 * not-found handler (404, or 405 with Allow). A request that succeeds never comes here.
 *
 * @module
 */

import { ServerResponse } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Body } from '../../lib/content.ts'
import { boolean, checkOptions, either, func, oneOf } from '../../lib/options.ts'
import { AllowedMethods, type RouterOptions } from './allowed.ts'
import { HTTPError, HTTPException } from './base.ts'
import { HTTPMethodNotAllowed, HTTPNotFound, HTTPServiceUnavailable } from './errors.ts'
import {
  preferredFormat, renderAs, textType, type ErrorFormatName, type ErrorInfo, type RenderedError
} from './render.ts'
import { translate, translateException, type Translated } from './translate.ts'

export type { AllowedMethods, MethodSource } from './allowed.ts'
export * from './base.ts'
export * from './errors.ts'
export * from './moves.ts'
export type { ErrorFormatName, ErrorInfo, RenderedError, ValidationProblem } from './render.ts'
export { RequestValidationFailed, type RequestProblems } from './validation.ts'

/** Renders an error; what it returns is sent. When it throws, the text format is sent instead. */
export type ErrorFormatter = (info: ErrorInfo, request: FastifyRequest) => RenderedError

/** Options of the exceptions plugin. */
export interface ExceptionsOptions {
  /**
   * How errors are written: `auto` follows the Accept header (text, when it asks for nothing else), `aiohttp` does as
   * aiohttp (text; HTML for an error nobody caught, where Accept names `text/html`), the others are fixed; or a
   * function of your own.
   *
   * @default 'auto'
   */
  format?: 'auto' | 'aiohttp' | ErrorFormatName | ErrorFormatter | undefined
  /**
   * Installs the not-found handler (404, and 405 with Allow).
   *
   * @default true
   */
  notFound?: boolean | undefined
}

/** What answers where no route does. */
export type NotFoundHandler = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => unknown

declare module 'fastify' {
  interface FastifyInstance {
    /** By what 405 is told from 404, and which methods are allowed. */
    allowedMethods: AllowedMethods
    /** Puts something around the not-found handler of this plugin, as middlewares do. */
    wrapNotFound (wrap: (handler: NotFoundHandler) => NotFoundHandler): void
  }
  interface FastifyContextConfig {
    /** Whether the route counts when 405 is told from 404; switch it off for catch-all routes. @default true */
    allowed?: boolean
  }
}

export default fp<ExceptionsOptions>(async function exceptions (app, options) {
  checkOptions('the exceptions plugin', options, {
    format: either(oneOf('auto', 'aiohttp', 'text', 'json', 'problem', 'html'), func),
    notFound: boolean
  })
  const { format = 'auto', notFound = true } = options

  app.setErrorHandler((error: unknown, request, reply) => answer(error, request, reply, format))
  app.decorate('allowedMethods', new AllowedMethods(routerOptions(app)))
  app.addHook('onRoute', function (route) { this.allowedMethods.add(route) })
  let handler: NotFoundHandler = answerNotFound
  app.decorate('wrapNotFound', wrap => { handler = wrap(handler) })
  if (!notFound) return
  app.setNotFoundHandler(function (request, reply) { return Reflect.apply(handler, this, [request, reply]) })
}, {
  name: 'exceptions',
  fastify: '5.x'
})

/**
 * For `Fastify({ frameworkErrors })`: answers what fails before routing (a URL that cannot be decoded,
 * a parameter that is too long) like any other error. A plugin cannot set this option.
 */
export function frameworkErrors (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  answer(error, request, reply, 'auto')
}

/** 404 when no route has the path, else 405. Routes that matched never get here. */
function answerNotFound (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): void {
  const methods = this.allowedMethods.find(request)
  // A handler that says "not found" for its own path means 404.
  const found = methods.length > 0 && !methods.includes(request.method)
  reply.send(found ? new HTTPMethodNotAllowed(request.method, methods) : new HTTPNotFound())
}

/** The options of Fastify's router; they may stand in `routerOptions` or, the old way, beside it. */
function routerOptions ({ initialConfig }: FastifyInstance): RouterOptions {
  const options: Partial<RouterOptions> = { ...initialConfig, ...initialConfig.routerOptions }
  return {
    allowUnsafeRegex: options.allowUnsafeRegex ?? false,
    caseSensitive: options.caseSensitive ?? true,
    ignoreDuplicateSlashes: options.ignoreDuplicateSlashes ?? false,
    ignoreTrailingSlash: options.ignoreTrailingSlash ?? false,
    maxParamLength: options.maxParamLength ?? 100,
    useSemicolonDelimiter: options.useSemicolonDelimiter ?? false
  }
}

/** Answers any error. */
function answer (
  error: unknown, request: FastifyRequest, reply: FastifyReply, format: NonNullable<ExceptionsOptions['format']>
): void {
  if (error instanceof HTTPException) {
    answerException(error, request, reply, format)
    return
  }
  if (isResponse(error)) {
    reply.send(error)
    return
  }
  const { bodyLimit = 0 } = request.routeOptions
  const translated = translate(error, { bodyLimit, statusCode: reply.statusCode })
  // A handler that gave up because the server stops has found no fault.
  if (translated.unhandled && request.signal.aborted) {
    answer(new HTTPServiceUnavailable({ headers: { 'retry-after': '1' } }), request, reply, format)
    return
  }
  log(error, translated, request, reply)
  write(translated, request, reply, format)
}

/** The faults of clients are not logged: they are answers. */
function answerException (
  error: HTTPException, request: FastifyRequest, reply: FastifyReply, format: NonNullable<ExceptionsOptions['format']>
): void {
  const translated = translateException(error)
  if (translated.status >= 500) log(error, translated, request, reply)
  // It comes first on the wire, whatever it will be.
  if (error.isPlain && error.text !== null) reply.header('content-type', textType)
  if (error instanceof HTTPError && !error.customBody && error.body !== null) {
    write(translated, request, reply, format)
    return
  }
  // Redirections and what was written out by hand are not rendered.
  writeHead(translated, reply)
  reply.send(bodyOf(error))
}

/**
 * What Fastify is given; nothing has to be undefined, for it would serialize null, give empty bytes a type, take that
 * of a 204 away, and send the length of a body that 304 does not send.
 */
function bodyOf ({ body, statusCode }: HTTPException): Body | undefined {
  if (body === null || statusCode === 204 || statusCode === 304) return undefined
  return Buffer.isBuffer(body) && body.length === 0 ? undefined : body
}

/** Sends an error in the format that is wanted. */
function write (
  translated: Translated, request: FastifyRequest, reply: FastifyReply, format: NonNullable<ExceptionsOptions['format']>
): void {
  writeHead(translated, reply)
  const { body, contentType } = render(translated, request, reply, format)
  reply.header('content-type', contentType).send(translated.headers?.wide === true ? Buffer.from(body) : body)
}

function writeHead ({ headers, reason, status, unhandled }: Translated, reply: FastifyReply): void {
  reply.code(status)
  if (headers !== undefined) for (const [name, value] of headers) reply.header(name, value)
  // HTTP/2 has neither reason phrases nor Connection.
  if (!(reply.raw instanceof ServerResponse)) return
  reply.raw.statusMessage = reason
  if (unhandled) reply.header('connection', 'close')
}

function render (
  info: Translated, request: FastifyRequest, reply: FastifyReply, format: NonNullable<ExceptionsOptions['format']>
): RenderedError {
  if (typeof format === 'function') {
    try {
      return format(publicInfo(info), request)
    } catch (error) {
      request.log.error({ err: error }, 'Error in the format function of the exceptions plugin')
      return renderAs('text', info)
    }
  }
  if (format === 'aiohttp') {
    const html = info.unhandled && request.headers.accept?.includes('text/html') === true
    return renderAs(html ? 'html' : 'text', info)
  }
  if (format !== 'auto') return renderAs(format, info)
  addVary(reply)
  return renderAs(preferredFormat(request.headers.accept, info.status), info)
}

/** Tells caches that the answer depends on Accept. */
function addVary (reply: FastifyReply): void {
  const before = String(reply.getHeader('vary') ?? '')
  if (before === '') reply.header('vary', 'accept')
  else if (!/(^|,)\s*(accept|\*)\s*(,|$)/i.test(before)) reply.header('vary', `${before}, accept`)
}

function publicInfo ({ status, reason, text, detail, code, errors, parts }: Translated): ErrorInfo {
  return { status, reason, text, detail, code, errors, parts }
}

/** Faults of the server at error level, those of clients at info. */
function log (error: unknown, { status, unhandled }: Translated, request: FastifyRequest, reply: FastifyReply): void {
  if (unhandled) return request.log.error({ req: request, err: error }, 'Error handling request')
  const message = String(Object(error).message)
  if (status >= 500) request.log.error({ req: request, res: reply, err: error }, message)
  else request.log.info({ res: reply, err: error }, message)
}

/** Responses can be thrown as well. */
function isResponse (value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Response]'
}
