/**
 * Cross-origin requests: for the whole app on @fastify/cors, or per resource as aiohttp-cors has it.
 *
 * Routes without a configuration get no hook and cost nothing. A configured path answers preflights by
 * itself; its headers are on error answers, too. Not seen: routes that are added while the app runs.
 *
 * @module
 */

import { inspect } from 'node:util'
import fastifyCors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_APP_FROZEN, AIO_ERR_CORS_PATH, AIO_ERR_OPTION_CONFLICT, AIO_ERR_OPTION_INVALID } from '../lib/errors.ts'
import { boolean, check, checkOptions, describe, either, func, listOf, milliseconds, object, oneOf } from '../lib/options.ts'
import { HTTPForbidden } from './exceptions/index.ts'

/** What one origin may do (aiohttp-cors: ResourceOptions). */
export interface ResourceOptions {
  /**
   * Whether requests with cookies and other credentials are allowed.
   *
   * @default false
   */
  allowCredentials?: boolean
  /**
   * Response headers that scripts may read; `'*'` all of them, not together with `allowCredentials`.
   *
   * @default []
   */
  exposeHeaders?: '*' | readonly string[]
  /**
   * Request headers that may be sent; `'*'` whatever the preflight asks for.
   *
   * @default [] per resource, '*' app-wide
   */
  allowHeaders?: '*' | readonly string[]
  /**
   * Methods that may be used.
   *
   * @default those of the configured routes, or GET, HEAD, PUT, PATCH, POST and DELETE app-wide
   */
  allowMethods?: '*' | readonly string[]
  /**
   * How long a client may keep the answer to a preflight, in milliseconds (on the wire: whole seconds).
   *
   * @default not sent
   */
  maxAge?: number
}

/** Origins (`https://a.example`, `null`, or `*` for every other one) and what each of them may do. */
export type CorsConfig = Readonly<Record<string, ResourceOptions>>

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

/** The options of one origin, ready for use. */
interface Policy {
  readonly credentials: boolean
  readonly expose: string | undefined
  readonly headers: ReadonlySet<string> | undefined
  readonly methods: ReadonlySet<string> | undefined
  readonly maxAge: string | undefined
}

type Policies = ReadonlyMap<string, Policy>
/** The policies of one path by method. */
type Resource = Map<string, Policies>

const token = check('a token', value => typeof value === 'string' && /^[!#$%&'*+\-.^_`|~\w]+$/.test(value))
const tokens = either(oneOf('*'), listOf(token))
const originText = either(oneOf('*'), check('an origin such as "https://a.example"', isOrigin))
const originItem = either(originText, check('a regular expression', value => value instanceof RegExp))
const resourceShape = {
  allowCredentials: boolean, exposeHeaders: tokens, allowHeaders: tokens, allowMethods: tokens, maxAge: milliseconds
}

export default fp<CorsOptions>(async function cors (app, options) {
  checkOptions('the cors plugin', options, {
    ...resourceShape,
    origin: either(boolean, originItem, listOf(originItem), func),
    defaults: object
  })
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

  app.addHook('onRoute', function (route) {
    const url = trim(route.url)
    seen.add(url)
    const config = route.config?.cors
    const policies = typeof config === 'object'
      ? compile(`route "${route.url}"`, config)
      : { true: defaultPolicies, false: undefined, undefined: paths.get(url) }[`${config}`]
    if (policies === undefined) return
    // This is how @fastify/cors is told to leave a route alone.
    if (origin !== false) route.config = { ...route.config, cors: false }
    addResource(this, route, policies, resources)
  })

  app.addHook('onReady', async () => {
    frozen = true
    for (const path of paths.keys()) {
      if (!seen.has(path)) throw new AIO_ERR_CORS_PATH(path, 'no route has this path')
    }
  })

  if (origin === false) return
  compilePolicy('the cors plugin', appWide)
  if (origin === '*' && appWide.allowCredentials === true) {
    throw new AIO_ERR_OPTION_CONFLICT('origin "*"', 'allowCredentials', 'the cors plugin')
  }
  await app.register(fastifyCors, translate(origin, appWide))
  if (origin !== '*') app.addHook('onSend', keepVary)
}, {
  name: 'cors',
  fastify: '5.x',
  dependencies: ['exceptions']
})

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
  route.onSend = [route.onSend ?? [], keepVary].flat()

  const { url, constraints = {} } = route
  if (resources.has(key)) return
  resources.set(key, resource)
  if (methods.includes('OPTIONS') || app.hasRoute({ method: 'OPTIONS', url, constraints })) return
  app.route({
    method: 'OPTIONS',
    // Fastify has made two routes of "/" in a prefix, and shows the one without the slash.
    url: route.routePath === '' ? '/' : route.routePath,
    constraints,
    config: { cors: false },
    handler: async (request, reply) => answerPreflight(resource, request, reply)
  })
}

/** Headers of an answer: of a success as well as of an error. */
function addHeaders (policies: Policies, request: FastifyRequest, reply: FastifyReply): void {
  addVary(reply, 'Origin')
  const { origin } = request.headers
  const policy = origin === undefined ? undefined : find(policies, origin)
  if (origin === undefined || policy === undefined) return
  reply.header('access-control-allow-origin', origin)
  if (policy.credentials) reply.header('access-control-allow-credentials', 'true')
  if (policy.expose !== undefined) reply.header('access-control-expose-headers', policy.expose)
}

/** Answers a preflight as aiohttp-cors does: with what was asked for, or 403 and the reason. */
function answerPreflight (resource: Resource, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  addVary(reply, 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
  const { origin, 'access-control-request-method': method } = request.headers
  if (origin === undefined) throw refusal('origin header is not specified in the request')
  if (method === undefined) throw refusal("'Access-Control-Request-Method' header is not specified")
  const policies = resource.get(method)
  if (policies === undefined) throw refusal(`request method '${method}' is not allowed for '${origin}' origin`)
  if (policies.size === 0) throw refusal('no origins are allowed')
  const policy = find(policies, origin)
  if (policy === undefined) throw refusal(`origin '${origin}' is not allowed`)
  if (policy.methods?.has(method) === false) {
    throw refusal(`request method '${method}' is not allowed for '${origin}' origin`)
  }
  const headers = (request.headers['access-control-request-headers'] ?? '')
    .split(',').map(name => name.trim().toUpperCase()).filter(name => name !== '')
  const refused = headers.filter(name => policy.headers?.has(name) === false)
  if (refused.length > 0) throw refusal(`headers are not allowed: ${refused.join(', ')}`)

  reply.header('access-control-allow-origin', origin).header('access-control-allow-methods', method)
  if (policy.credentials) reply.header('access-control-allow-credentials', 'true')
  if (policy.maxAge !== undefined) reply.header('access-control-max-age', policy.maxAge)
  if (headers.length > 0) reply.header('access-control-allow-headers', headers.join(','))
  return reply.code(200).send()
}

const refusal = (reason: string) => new HTTPForbidden({ text: `CORS preflight request failed: ${reason}` })
const find = (policies: Policies, origin: string) => policies.get(origin) ?? policies.get('*')

function addVary (reply: FastifyReply, names: string): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? names : `${String(before)}, ${names}`)
}

/** A `Response` brings headers that take the place of the reply's: its Vary must not lose the origin. */
async function keepVary (_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (Object.prototype.toString.call(payload) !== '[object Response]') return payload
  const { headers } = payload as globalThis.Response
  const own = headers.get('vary')
  if (own !== null) headers.set('vary', `${own}, ${String(reply.getHeader('vary') ?? 'Origin')}`)
  return payload
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_CONFLICT */
function compile (where: string, config: CorsConfig): Policies {
  if (!object.test(config)) throw new AIO_ERR_OPTION_INVALID('cors', where, 'an object of origins', describe(config))
  return new Map(Object.entries(config).map(([origin, options]) => {
    if (!originText.test(origin)) throw new AIO_ERR_OPTION_INVALID(origin, where, originText.expected, describe(origin))
    checkOptions(`"${origin}" of ${where}`, options, resourceShape)
    return [origin, compilePolicy(`"${origin}" of ${where}`, options)]
  }))
}

function compilePolicy (where: string, options: ResourceOptions): Policy {
  const { allowCredentials = false, exposeHeaders = [], allowHeaders = [], allowMethods = '*', maxAge } = options
  // With credentials browsers take "*" for the name of a header (Fetch, section 3.3.3).
  if (allowCredentials && exposeHeaders === '*') {
    throw new AIO_ERR_OPTION_CONFLICT('exposeHeaders "*"', 'allowCredentials', where)
  }
  return {
    credentials: allowCredentials,
    expose: exposeHeaders.length === 0 ? undefined : [exposeHeaders].flat().join(','),
    headers: allowHeaders === '*' ? undefined : new Set(allowHeaders.map(name => name.toUpperCase())),
    methods: allowMethods === '*' ? undefined : new Set(allowMethods),
    maxAge: maxAge === undefined ? undefined : String(Math.floor(maxAge / 1000))
  }
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

/** Whether a text is an origin as browsers send it: no path, no default port, lower case. */
function isOrigin (value: unknown): boolean {
  if (value === 'null') return true
  if (typeof value !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@A-Z]+$/.test(value)) return false
  return !/^https?:/.test(value) || (URL.canParse(value) && new URL(value).origin === value)
}
