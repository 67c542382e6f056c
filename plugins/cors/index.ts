/**
 * Cross-origin requests: for the whole app on @fastify/cors, or per resource as aiohttp-cors has it.
 *
 * Routes without a configuration get no hook and cost nothing. A configured path answers preflights by
 * itself; its headers are on error answers, too.
 *
 * @module
 */

import { inspect } from 'node:util'
import type { FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_APP_FROZEN, AIO_ERR_OPTION_CONFLICT } from '../../lib/errors.ts'
import { boolean, checkOptions, either, func, listOf, object, type Shape } from '../../lib/options.ts'
import { addHeaders, answerPreflight, finishHeaders } from './answer.ts'
import { AIO_ERR_CORS_PATH } from './errors.ts'
import {
  compile, originItem, resourceShape, type CorsConfig, type Policies, type Resource, type ResourceOptions
} from './policy.ts'

export type { CorsConfig, ResourceOptions } from './policy.ts'

/** Which origins are allowed app-wide: these, those that match, every one (`'*'`, `true` echoes it), or ask. */
export type CorsOrigin = boolean | string | RegExp | readonly (string | RegExp)[] |
  ((origin: string | undefined) => Promise<boolean>)

/** Options of the cors plugin; all but `defaults` are app-wide and need `origin`. */
export interface CorsOptions extends ResourceOptions {
  /**
   * Turns CORS on for every route of the app, except those with a configuration of their own.
   *
   * @default false
   */
  origin?: CorsOrigin
  /**
   * What routes with `config: { cors: true }` get.
   *
   * @default {}, no origin
   */
  defaults?: CorsConfig
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Configures the routes of one path, with or without a final slash, that are added after this call.
     *
     * @throws AIO_ERR_CORS_PATH when there is such a route or configuration already, and at start when no
     * route came; AIO_ERR_APP_FROZEN after startup; AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
     */
    cors(path: string, config: CorsConfig): void
  }

  interface FastifyContextConfig {
    /** Which origins may use this route; `true` takes the plugin's `defaults`, `false` is none at all. */
    cors?: CorsConfig | boolean
  }
}

const optionsShape: Shape<CorsOptions> = {
  ...resourceShape,
  origin: either(boolean, originItem, listOf(originItem), func),
  defaults: object
}

export default fp<CorsOptions>(async function cors (app, options) {
  checkOptions('the cors plugin', options, optionsShape)
  const { origin = false, defaults = {}, ...appWide } = options
  const defaultPolicies = compile('the cors plugin', defaults)
  const paths = new Map<string, Policies>()
  const seen = new Set<string>()
  const resources = new Map<string, Resource>()
  let frozen = false

  app.decorate('cors', function (this: FastifyInstance, path, config) {
    const url = trim(this.prefix + path)
    if (frozen) throw new AIO_ERR_APP_FROZEN(`CORS for "${url}"`)
    if (seen.has(url)) throw new AIO_ERR_CORS_PATH(url, 'its route exists already, call cors() before')
    if (paths.has(url)) throw new AIO_ERR_CORS_PATH(url, 'it is configured already')
    paths.set(url, compile(`cors("${path}")`, config))
  })

  function addPolicies (this: FastifyInstance, route: RouteOptions & { routePath: string }): void {
    const url = trim(route.url)
    if (!frozen) seen.add(url)
    const policies = policiesOf(route, { true: defaultPolicies, undefined: paths.get(url) })
    if (policies === undefined) return
    // This is how @fastify/cors is told to leave a route alone.
    if (origin !== false) route.config = { ...route.config, cors: false }
    addResource(this, route, policies, resources)
  }

  app.addHook('onRoute', addPolicies)
  app.addHook('onReady', async () => {
    frozen = true
    if (app.hasDecorator('routes')) app.routes.onRoute(addPolicies)
    for (const path of paths.keys()) {
      if (!seen.has(path)) throw new AIO_ERR_CORS_PATH(path, 'no route has this path')
    }
  })

  if (origin !== false) await allowEverywhere(app, origin, appWide)
}, {
  name: 'cors',
  fastify: '5.x',
  dependencies: ['exceptions']
})

/** Its own, or what there is for `true` and for routes that say nothing. */
function policiesOf (
  route: RouteOptions, given: Readonly<Record<'true' | 'undefined', Policies | undefined>>
): Policies | undefined {
  const config = route.config?.cors
  if (typeof config === 'object') return compile(`route "${route.url}"`, config)
  return config === false ? undefined : given[`${config}`]
}

/** For every route of the app. @throws AIO_ERR_OPTION_CONFLICT */
async function allowEverywhere (app: FastifyInstance, origin: CorsOrigin, appWide: ResourceOptions): Promise<void> {
  // With credentials browsers take "*" for the name of a header (Fetch, section 3.3.3).
  if (appWide.exposeHeaders === '*' && appWide.allowCredentials === true) {
    throw new AIO_ERR_OPTION_CONFLICT('exposeHeaders "*"', 'allowCredentials', 'the cors plugin')
  }
  if (origin === '*' && appWide.allowCredentials === true) {
    throw new AIO_ERR_OPTION_CONFLICT('origin "*"', 'allowCredentials', 'the cors plugin')
  }
  // Loaded by those who use it only.
  const { default: fastifyCors } = await import('@fastify/cors')
  await app.register(fastifyCors, translate(origin, appWide))
  if (origin !== '*') app.addHook('onSend', finishHeaders)
}

/** Fastify shows the "/" of a prefixed context without its slash, and "/" elsewhere with it. */
function trim (url: string): string {
  return url.length > 1 ? url.replace(/\/$/, '') : url
}

/** Gives one route its headers, and its path an answer to preflights. */
function addResource (app: FastifyInstance, route: RouteOptions & { routePath: string },
  policies: Policies, resources: Map<string, Resource>) {
  const key = inspect([route.url, route.constraints], { depth: 4 })
  const resource = resources.get(key) ?? new Map<string, Policies>()
  const methods = [route.method].flat()
  for (const method of methods) resource.set(method, policies)
  route.onRequest = [route.onRequest ?? []].flat()
  route.onRequest.unshift(async (request, reply) => {
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
      return answerPreflight(resource, request, reply)
    }
    addHeaders(policies, request, reply)
  })
  route.onSend = [route.onSend ?? [], finishHeaders].flat()

  const { url, constraints = {} } = route
  resources.set(key, resource)
  if (methods.includes('OPTIONS') || app.hasRoute({ method: 'OPTIONS', url, constraints })) return
  const answer = async (request: FastifyRequest, reply: FastifyReply) => answerPreflight(resource, request, reply)
  app.route({
    method: 'OPTIONS',
    // Fastify has made two routes of "/" in a prefix, and shows the one without the slash.
    url: route.routePath === '' ? '/' : route.routePath,
    constraints,
    config: { cors: false, allowed: route.config?.allowed ?? true },
    // Not in the handler: middlewares may ask for credentials, which a preflight never has.
    onRequest: answer,
    handler: answer
  })
}

/** The app-wide options in the words of @fastify/cors. */
function translate (origin: CorsOrigin, options: ResourceOptions): FastifyCorsOptions {
  const { allowCredentials = false, exposeHeaders = [], allowHeaders = '*', allowMethods = '*', maxAge } = options
  return {
    // One fixed origin as a list: then it is compared, and Vary is sent.
    origin: origin === '*' || typeof origin === 'boolean' || typeof origin === 'function' ? origin : [origin].flat(),
    credentials: allowCredentials,
    methods: allowMethods === '*' ? ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'] : [...allowMethods],
    ...(exposeHeaders.length > 0 && { exposedHeaders: [exposeHeaders].flat().join(',') }),
    ...(allowHeaders !== '*' && { allowedHeaders: [...allowHeaders] }),
    ...(maxAge !== undefined && { maxAge: Math.floor(maxAge / 1000) })
  }
}
