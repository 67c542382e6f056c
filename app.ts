/**
 * The bundle: every plugin of the package as one, and the package's main entry.
 *
 * Knows no port and no process; `runApp(app)` or `npm start` serve what it is registered in.
 *
 * @module
 */

import fp from 'fastify-plugin'
import { check, checkOptions, type Shape } from './lib/options.ts'
import cors, { type CorsOptions } from './plugins/cors/index.ts'
import exceptions, { type ExceptionsOptions } from './plugins/exceptions/index.ts'
import middlewares, { type MiddlewaresOptions } from './plugins/middlewares/index.ts'
import requests, { type RequestsOptions } from './plugins/requests/index.ts'
import responses from './plugins/responses/index.ts'
import routes, { type RoutesOptions } from './plugins/routes/index.ts'
import signals, { type SignalsOptions } from './plugins/signals/index.ts'
import state, { type StateOptions } from './plugins/state.ts'
import staticFiles from './plugins/static/index.ts'
import websockets, { type WebSocketsOptions } from './plugins/websockets/index.ts'

// Re-exports keep every `declare module` visible: tsc drops imports that are only values from app.d.ts.
export * from './plugins/cors/index.ts'
export * from './plugins/exceptions/index.ts'
export * from './plugins/middlewares/index.ts'
export * from './plugins/requests/index.ts'
export * from './plugins/responses/index.ts'
export * from './plugins/routes/index.ts'
export * from './plugins/runner/index.ts'
export * from './plugins/signals/index.ts'
export * from './plugins/state.ts'
export * from './plugins/static/index.ts'
export * from './plugins/websockets/index.ts'

/** One key for each plugin: its options, or `false` to leave it out. */
export interface AppOptions {
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
   * Websockets, their registry, and their end at shutdown.
   *
   * @default {}
   */
  websockets?: WebSocketsOptions | false
}

const plugin = check('the options of the plugin, or false to leave it out',
  value => value === false || (typeof value === 'object' && value !== null))

const bare = check('{}, for it has no options, or false to leave it out',
  value => value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))

const shape: Shape<AppOptions> = {
  state: plugin,
  signals: plugin,
  exceptions: plugin,
  requests: plugin,
  responses: bare,
  middlewares: plugin,
  routes: bare,
  static: bare,
  cors: plugin,
  websockets: plugin
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<AppOptions>(async function bundle (app, options) {
  checkOptions('the bundle', options, shape)
  // In this order: a plugin comes after those whose decorators it uses.
  if (options.state !== false) await app.register(state, options.state ?? {})
  if (options.signals !== false) await app.register(signals, options.signals ?? {})
  if (options.exceptions !== false) await app.register(exceptions, options.exceptions ?? {})
  if (options.requests !== false) await app.register(requests, options.requests ?? {})
  if (options.responses !== false) await app.register(responses, options.responses ?? {})
  if (options.middlewares !== false) await app.register(middlewares, options.middlewares ?? {})
  if (options.routes !== false) await app.register(routes, options.routes ?? {})
  if (options.static !== false) await app.register(staticFiles, options.static ?? {})
  if (options.cors !== false) await app.register(cors, options.cors ?? {})
  if (options.websockets !== false) await app.register(websockets, options.websockets ?? {})
}, {
  name: 'app',
  fastify: '5.x'
})
