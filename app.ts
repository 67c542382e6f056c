/**
 * The bundle: every plugin of the package as one, and the package's main entry.
 *
 * Knows no port and no process; `runApp(app)` or `npm start` serve what it is registered in.
 *
 * @module
 */

import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { check, checkOptions, type Check, type Shape } from './lib/options.ts'
import accessLog, { type AccessLogOptions } from './plugins/access-log/index.ts'
import clientSession, { type ClientSessionOptions } from './plugins/client-session/index.ts'
import config, { type ConfigOptions } from './plugins/config/index.ts'
import cors, { type CorsOptions } from './plugins/cors/index.ts'
import csrf, { type CsrfOptions } from './plugins/csrf/index.ts'
import database, { type DatabaseOptions } from './plugins/database/index.ts'
import exceptions, { type ExceptionsOptions } from './plugins/exceptions/index.ts'
import type { HealthOptions } from './plugins/health/index.ts'
import type { InspectorOptions } from './plugins/inspector/index.ts'
import jobs, { type JobsOptions } from './plugins/jobs/index.ts'
import metrics, { type MetricsOptions } from './plugins/metrics/index.ts'
import middlewares, { type MiddlewaresOptions } from './plugins/middlewares/index.ts'
import type { OpenApiOptions } from './plugins/openapi/index.ts'
import type { RemotesOptions } from './plugins/remotes/index.ts'
import requests, { type RequestsOptions } from './plugins/requests/index.ts'
import responses from './plugins/responses/index.ts'
import routes, { type RoutesOptions } from './plugins/routes/index.ts'
import security, { type SecurityOptions } from './plugins/security/index.ts'
import sessions, { type SessionsOptions } from './plugins/sessions/index.ts'
import signals, { type SignalsOptions } from './plugins/signals/index.ts'
import sse, { type SSEOptions } from './plugins/sse/index.ts'
import state, { type StateOptions } from './plugins/state.ts'
import staticFiles from './plugins/static/index.ts'
import templates, { type TemplatesOptions } from './plugins/templates/index.ts'
import websockets, { type WebSocketsOptions } from './plugins/websockets/index.ts'

// Re-exports keep every `declare module` visible: tsc drops imports that are only values from app.d.ts.
export * from './plugins/access-log/index.ts'
export * from './plugins/client-session/index.ts'
export * from './plugins/cluster/index.ts'
export * from './plugins/config/index.ts'
export * from './plugins/cors/index.ts'
export * from './plugins/csrf/index.ts'
export * from './plugins/database/index.ts'
export * from './plugins/exceptions/index.ts'
export type * from './plugins/health/index.ts'
export type * from './plugins/inspector/index.ts'
export * from './plugins/jobs/index.ts'
export * from './plugins/metrics/index.ts'
export * from './plugins/middlewares/index.ts'
export type * from './plugins/openapi/index.ts'
export type * from './plugins/remotes/index.ts'
export * from './plugins/requests/index.ts'
export * from './plugins/responses/index.ts'
export * from './plugins/routes/index.ts'
export * from './plugins/runner/index.ts'
export * from './plugins/security/index.ts'
export * from './plugins/sessions/index.ts'
export * from './plugins/signals/index.ts'
export * from './plugins/sse/index.ts'
export * from './plugins/state.ts'
export * from './plugins/static/index.ts'
export * from './plugins/templates/index.ts'
export * from './plugins/websockets/index.ts'

/** One key for each plugin: its options, or `false` to leave it out. */
export interface AppOptions {
  /**
   * What the app is configured with: file, environment, flags, checked by a schema.
   *
   * @default false
   */
  config?: ConfigOptions | false
  /**
   * Typed state of apps and requests.
   *
   * @default {}
   */
  state?: StateOptions | false
  /**
   * Startup, shutdown, cleanup, and what owns a resource between them.
   *
   * @default {}
   */
  signals?: SignalsOptions | false
  /**
   * How errors are answered, and 404 or 405 where no route matches.
   *
   * @default {}
   */
  exceptions?: ExceptionsOptions | false
  /**
   * One line for each response, and named loggers.
   *
   * @default false
   */
  accessLog?: AccessLogOptions | false
  /**
   * Which proxies are believed, and which requests are refused.
   *
   * @default false
   */
  remotes?: RemotesOptions | false
  /**
   * Live and ready endpoints.
   *
   * @default false
   */
  health?: HealthOptions | false
  /**
   * Forms, uploads, bodies as streams, cookies, conditions, and their limits.
   *
   * @default {}
   */
  requests?: RequestsOptions | false
  /**
   * Responses as objects.
   *
   * @default {}
   */
  responses?: Record<string, never> | false
  /**
   * Functions around handlers.
   *
   * @default {}
   */
  middlewares?: MiddlewaresOptions | false
  /**
   * Routes in aiohttp's words, sub-applications and domains; it has no options.
   *
   * @default {}
   */
  routes?: RoutesOptions | false
  /**
   * `addStatic()`; what it takes is given to each call.
   *
   * @default {}
   */
  static?: Record<string, never> | false
  /**
   * Cross-origin requests.
   *
   * @default {}
   */
  cors?: CorsOptions | false
  /**
   * The session of the app's own requests.
   *
   * @default {}
   */
  client?: ClientSessionOptions | false
  /**
   * Websockets, their registry, and their end at shutdown.
   *
   * @default {}
   */
  websockets?: WebSocketsOptions | false
  /**
   * Background jobs, ended with the app.
   *
   * @default {}
   */
  jobs?: JobsOptions | false
  /**
   * A database from one URL; `{}` is the embedded one.
   *
   * @default false
   */
  database?: DatabaseOptions | false
  /**
   * Sessions: where they are kept has to be said.
   *
   * @default false
   */
  sessions?: SessionsOptions | false
  /**
   * Who a request comes from, and what they may do.
   *
   * @default false
   */
  security?: SecurityOptions | false
  /**
   * A token for every request that changes something; kept in sessions, or with `keys` in a cookie.
   *
   * @default false
   */
  csrf?: CsrfOptions | false
  /**
   * A page that shows what the app is doing.
   *
   * @default false
   */
  inspector?: InspectorOptions | false
  /**
   * Jinja2 templates.
   *
   * @default false
   */
  templates?: TemplatesOptions | false
  /**
   * Metrics for Prometheus.
   *
   * @default false
   */
  metrics?: MetricsOptions | false
  /**
   * The OpenAPI document and its page, and requests checked by a description.
   *
   * @default false
   */
  openapi?: OpenApiOptions | false
  /**
   * Server-sent events, ended with the app.
   *
   * @default {}
   */
  sse?: SSEOptions | false
}

type Key = keyof AppOptions

const plugin = check('the options of the plugin, or false to leave it out',
  value => value === false || (typeof value === 'object' && value !== null))

const bare = check('{}, for it has no options, or false to leave it out',
  value => value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))

/** In this order: a plugin comes after those whose decorators it uses. */
const plugins: [key: Key, plugin: unknown, options: Check, when: 'always' | 'asked for'][] = [
  // First: what it refuses has opened nothing yet.
  ['config', config, plugin, 'asked for'],
  ['state', state, plugin, 'always'],
  ['signals', signals, plugin, 'always'],
  ['exceptions', exceptions, plugin, 'always'],
  // Before whatever refuses requests: refused ones are in the log, too.
  ['accessLog', accessLog, plugin, 'asked for'],
  ['remotes', later(() => import('./plugins/remotes/index.ts')), plugin, 'asked for'],
  // Before the middlewares: nothing stands around a probe.
  ['health', later(() => import('./plugins/health/index.ts')), plugin, 'asked for'],
  ['requests', requests, plugin, 'always'],
  ['responses', responses, bare, 'always'],
  ['middlewares', middlewares, plugin, 'always'],
  ['routes', routes, bare, 'always'],
  ['static', staticFiles, bare, 'always'],
  ['cors', cors, plugin, 'always'],
  ['websockets', websockets, plugin, 'always'],
  ['client', clientSession, plugin, 'always'],
  ['jobs', jobs, plugin, 'always'],
  ['sse', sse, plugin, 'always'],
  ['database', database, plugin, 'asked for'],
  // Behind the database, in which sessions may be kept.
  ['sessions', sessions, plugin, 'asked for'],
  ['security', security, plugin, 'asked for'],
  ['csrf', csrf, plugin, 'asked for'],
  ['templates', templates, plugin, 'asked for'],
  ['metrics', metrics, plugin, 'asked for'],
  ['openapi', later(() => import('./plugins/openapi/index.ts')), plugin, 'asked for'],
  ['inspector', later(() => import('./plugins/inspector/index.ts')), plugin, 'asked for']
]

const shape = Object.fromEntries(plugins.map(([key, , options]) => [key, options])) as Shape<AppOptions>

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<AppOptions>(async function bundle (app, options) {
  checkOptions('the bundle', options, shape)
  for (const [key, plugin, , when] of plugins) {
    const given = options[key] ?? (when === 'always' ? {} : false)
    if (given !== false) await app.register(plugin as FastifyPluginAsync<object>, given)
  }
}, {
  name: 'app',
  fastify: '5.x'
})

/** Loaded when it is asked for: most of an app's start is the reading of modules, and most apps do without these. */
function later (load: () => Promise<{ default: unknown }>): unknown {
  return fp<object>(async (app, options) => {
    const { default: plugin } = await load()
    await app.register(plugin as FastifyPluginAsync<object>, options)
  })
}
