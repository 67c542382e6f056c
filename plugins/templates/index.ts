/**
 * Jinja2 templates: `app.render()`, `renderTemplate()`, `template('detail.html')(handler)` (aiohttp-jinja2).
 *
 * Nothing is done for requests that render nothing. The engine is an optional package, loaded at registration.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { checkOptions, describe } from '../../lib/options.ts'
import { HTTPInternalServerError } from '../exceptions/index.ts'
import { replyOf, Response } from '../responses/index.ts'
import type {} from '../routes/index.ts'
import type { StaticResource } from '../static/index.ts'
import type { TemplateContext, TemplateEngine } from './engine.ts'
import { Environment, Environments } from './environment.ts'
import {
  AIO_ERR_TEMPLATE_CONTEXT, AIO_ERR_TEMPLATE_NOT_FOUND, AIO_ERR_TEMPLATE_REQUEST, AIO_ERR_TEMPLATES_MISSING
} from './errors.ts'
import { createEngine } from './engines.ts'
import { TemplateFiles } from './files.ts'
import { helpersOf } from './helpers.ts'
import { foldersOf, renderShape, templatesShape, type RenderOptions, type TemplatesOptions } from './options.ts'

export { TemplateError, type TemplatePlace } from './errors.ts'
export type { EngineFactory, EngineSetup, TemplateContext, TemplateEngine, TemplateFilter } from './engine.ts'
export type { Environment, Environments } from './environment.ts'
export type { TemplateFiles, TemplateSource } from './files.ts'
export type { ContextProcessor, RenderOptions, TemplatesOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The environments of this app and its contexts; `get(app, key)` finds one (aiohttp: get_env). */
    readonly templates: Environments
    /**
     * A template as text, without a request: no context processor runs.
     *
     * @throws AIO_ERR_TEMPLATES_MISSING, AIO_ERR_TEMPLATE_NOT_FOUND, AIO_ERR_TEMPLATE_CONTEXT, TemplateError
     */
    render (name: string, context?: TemplateContext | null, options?: Pick<RenderOptions, 'key'>): Promise<string>
  }
}

const defaultKey = 'templates'

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_PACKAGE_MISSING, AIO_ERR_TEMPLATES_KEY */
export default fp<TemplatesOptions>(async function templates (app, options) {
  checkOptions('the templates plugin', options, templatesShape)
  const { contextProcessors = [], encoding = 'utf-8', key = defaultKey } = options
  const development = options.development ?? process.env['NODE_ENV'] !== 'production'
  if (!app.hasDecorator('templates')) decorate(app)
  const engine = await engineOf(app, options, development)
  app.templates.add(app, key, new Environment({ engine, processors: contextProcessors, encoding, development }))
}, {
  name: 'templates',
  fastify: '5.x'
})

function decorate (app: FastifyInstance): void {
  app.decorate('templates', new Environments())
  app.decorate('render', async function (this: FastifyInstance, name, context = {}, options = {}) {
    checkOptions('app.render()', options, { key: renderShape.key })
    return await this.templates.get(this, options.key ?? defaultKey).render(name, context)
  })
}

async function engineOf (
  app: FastifyInstance, options: TemplatesOptions, development: boolean
): Promise<TemplateEngine> {
  const { autoescape = true, defaultHelpers = true, filters = {}, globals = {}, sources, tests = {} } = options
  const helpers = defaultHelpers
    ? helpersOf(app, { folder: options.static ?? 'static', folders: staticFolders(app) })
    : {}
  return await createEngine(options.engine ?? 'nunjucks', {
    files: new TemplateFiles(foldersOf(options.folder), sources),
    globals: { ...helpers, ...globals },
    autoescape,
    development,
    filters,
    tests
  })
}

/** The static folders that are added from now on, by name. */
function staticFolders (app: FastifyInstance): Map<string, StaticResource> {
  const folders = new Map<string, StaticResource>()
  function note (route: RouteOptions): void {
    const resource = route.config?.static
    if (resource?.name !== undefined) folders.set(resource.name, resource)
  }
  app.addHook('onRoute', note)
  app.addHook('onReady', async () => { if (app.hasDecorator('routes')) app.routes.onRoute(note) })
  return folders
}

/** Adds the request under the name `request` (aiohttp: request_processor). */
export async function requestProcessor (request: FastifyRequest): Promise<{ request: FastifyRequest }> {
  return { request }
}

/**
 * A template as text, with what the context processors add for the request.
 *
 * @throws HTTPInternalServerError when there is no environment, no such template, or the context has no names;
 * TemplateError, in development HTTPInternalServerError, when the template fails
 */
export async function renderString (
  request: FastifyRequest, name: string, context?: TemplateContext | null, options: Pick<RenderOptions, 'key'> = {}
): Promise<string> {
  checkOptions('renderString()', options, { key: renderShape.key })
  const environment = environmentOf(request, options.key)
  try {
    return await environment.render(name, context, request)
  } catch (error) {
    throw answerTo(error, name) ?? environment.failure(error)
  }
}

/**
 * A template as a response to return (aiohttp: render_template).
 *
 * @throws as `renderString()`
 */
export async function renderTemplate (
  request: FastifyRequest, name: string, context?: TemplateContext | null, options: RenderOptions = {}
): Promise<Response> {
  checkOptions('renderTemplate()', options, renderShape)
  const { headers = {}, key, status = replyOf(request)?.statusCode } = options
  const text = await renderString(request, name, context, { key })
  const charset = options.encoding ?? environmentOf(request, key).encoding
  return new Response({ text, contentType: 'text/html', charset, headers, status })
}

/** What `template()` gives: it stands around handlers, and as a decorator on methods of a `View`. */
export interface TemplateDecorator {
  // A decorator may not change the type of a method.
  <Method extends (...args: never[]) => unknown>(method: Method, context: ClassMethodDecoratorContext): Method
  (handler: (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => unknown): RenderingHandler
}

/** A handler that renders. */
export type RenderingHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * Renders what a handler returns: an object is the context of the template, nothing an empty one, a response (and
 * what was sent already) passes. As a function around handlers, and as a decorator of a View's methods.
 *
 * @example
 * app.get('/polls/:id', template('detail.html')(async request => ({ poll: await find(request.params) })))
 */
export function template (name: string, options: RenderOptions = {}): TemplateDecorator {
  checkOptions('template()', options, renderShape)
  function render (handler: (...args: never[]) => unknown) {
    return async function rendered (this: unknown, ...args: unknown[]): Promise<unknown> {
      const { request, reply } = partsOf(args, this)
      const result = await Reflect.apply(handler, this, args)
      if (result === reply || reply?.sent === true || isResponse(result)) return result
      const status = options.status ?? reply?.statusCode
      return await renderTemplate(request, name, result as TemplateContext, { ...options, status })
    }
  }
  return render as TemplateDecorator
}

/** The request a handler is called with, or that of its view. @throws AIO_ERR_TEMPLATE_REQUEST */
function partsOf (
  args: readonly unknown[], view: unknown
): { request: FastifyRequest, reply: FastifyReply | undefined } {
  const [request, reply] = isRequest(args[0]) ? args : [Object(view).request, Object(view).reply]
  if (!isRequest(request)) throw new AIO_ERR_TEMPLATE_REQUEST(describe(args[0]))
  return { request, reply: (reply as FastifyReply | undefined) ?? replyOf(request) }
}

function isRequest (value: unknown): value is FastifyRequest {
  return typeof value === 'object' && value !== null && 'server' in value && 'raw' in value
}

/** Ours, the platform's, and websockets, which look like one. */
function isResponse (value: unknown): boolean {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Response]'
}

/** @throws HTTPInternalServerError with aiohttp-jinja2's words */
function environmentOf (request: FastifyRequest, key = defaultKey): Environment {
  const { server } = request
  if (!server.hasDecorator('templates')) throw trouble('Template engine is not initialized, register the templates plugin first')
  try {
    return server.templates.get(server, key)
  } catch (error) {
    throw error instanceof AIO_ERR_TEMPLATES_MISSING ? trouble(error.message, error) : error
  }
}

/** The answer to what is wrong with the call, in aiohttp-jinja2's words. */
function answerTo (error: unknown, name: string): Error | undefined {
  if (error instanceof AIO_ERR_TEMPLATE_NOT_FOUND) return trouble(`Template '${name}' not found`, error)
  return error instanceof AIO_ERR_TEMPLATE_CONTEXT ? trouble(error.message, error) : undefined
}

function trouble (text: string, cause?: Error): Error {
  // A name may hold what no reason phrase can.
  const reason = text.replace(/[^\x20-\x7e]/g, '?')
  return new HTTPInternalServerError({ reason, text, cause })
}
