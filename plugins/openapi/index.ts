/**
 * OpenAPI: the document of the routes' schemas with its page, and requests checked by a description that exists.
 *
 * The document follows routes that come and go. Only the routes of a description are checked; all others are none of
 * this plugin's business while they answer.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { checkOptions } from '../../lib/options.ts'
import type {} from '../requests/index.ts'
import type { RouteInfo } from '../routes/index.ts'
import { describeOperations } from './description.ts'
import { describeRoutes, isDescribable } from './described-route.ts'
import { ApiDocument } from './document.ts'
import { OpenApi } from './openapi.ts'
import { shape, type OpenApiOptions } from './options.ts'
import { loadSwagger } from './packages.ts'
import { addPages } from './pages.ts'
import { readSource } from './source.ts'
import type { Validated } from './validator.ts'

export type { MediaTypeReader } from './bodies.ts'
export type { CredentialsCheck } from './credentials.ts'
export type { HandleOptions, OpenApi, ValidateHooks } from './openapi.ts'
export type { OpenApiOptions } from './options.ts'
export type { StringFormat } from './schemas.ts'
export type { Validated } from './validator.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The OpenAPI document, and handlers for the operations of a description. */
    readonly openapi: OpenApi
  }
  interface FastifyRequest {
    /** What the description of the operation made of the request; only where it was checked. */
    readonly validated: Validated
  }
}

/**
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_OPENAPI_PACKAGE, AIO_ERR_OPENAPI_FILE,
 * AIO_ERR_OPENAPI_SPEC
 */
export default fp<OpenApiOptions>(async function openapi (app, options) {
  checkOptions('the openapi plugin', options, shape)
  const { credentials = {}, formats = {}, mediaTypes = {}, spec, unhandled = 'error', validateResponses = false } = options
  const swagger = await loadSwagger()
  const description = spec === undefined ? undefined : describeOperations(await readSource(spec), formats)
  const info = options.info ?? { title: 'API', version: '1.0.0' }
  const base = { ...description?.document ?? { openapi: '3.1.0', info }, ...options.document, ...options.info && { info } }
  const document = new ApiDocument(swagger, { base, ...visibleParts(app, options.hide ?? (() => false)) })
  followRoutes(app, document)

  const validated = new WeakMap<FastifyRequest, Validated>()
  app.decorateRequest('validated', { getter () { return validated.get(this) } } as never)
  const api = new OpenApi({
    app,
    document,
    description,
    additions: { checks: credentials, mediaTypes },
    validateResponses,
    keep: (request, values) => { validated.set(request, values) }
  })
  app.decorate('openapi', api)
  if (unhandled === 'error') app.addHook('onReady', async () => api.checkHandled())
  await addPages(app, document, swagger, options)
}, {
  name: 'openapi',
  fastify: '5.x',
  dependencies: ['exceptions', 'requests', 'routes']
})

/** The routes and schemas of an app and of all contexts in it. */
function visibleParts (app: FastifyInstance, hide: (route: RouteInfo) => boolean) {
  const websockets = new Set<string>()
  const contexts = new Set([app])
  app.addHook('onRegister', context => { contexts.add(context) })
  const note = (route: RouteOptions) => {
    if ('websocket' in route && route.websocket === true) websockets.add(route.url)
  }
  app.addHook('onRoute', note)
  // Of plugins that are plugged in only the schemas are kept: they may be gone again soon.
  const late: Record<string, unknown> = {}
  app.addHook('onReady', async () => {
    app.routes.onRoute(function (route) {
      note(route)
      Object.assign(late, this.getSchemas())
    })
  })
  return {
    routes: () => describeRoutes(app.routes.list().filter(route =>
      isDescribable(route) && !websockets.has(route.path) && !hide(route))),
    schemas: () => Object.assign({}, late, ...[...contexts].map(context => context.getSchemas()))
  }
}

/** What was drawn lasts until the next change. */
function followRoutes (app: FastifyInstance, document: ApiDocument): void {
  app.addHook('onRoute', () => document.changed())
  app.addHook('onReady', async () => {
    document.changed()
    app.routes.onChange(() => document.changed())
  })
}
