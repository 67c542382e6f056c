/**
 * The bundle: every plugin of the package as one, and the package's main entry.
 *
 * Knows no port and no process; `runApp(app)` or `npm start` serve what it is registered in.
 *
 * @module
 */

import fp from 'fastify-plugin'
import { check, checkOptions, type Shape } from './lib/options.ts'
import signals, { type SignalsOptions } from './plugins/signals/index.ts'
import state, { type StateOptions } from './plugins/state.ts'

// Re-exports keep every `declare module` visible: tsc drops imports that are only values from app.d.ts.
export * from './plugins/runner/index.ts'
export * from './plugins/signals/index.ts'
export * from './plugins/state.ts'

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
}

const plugin = check('the options of the plugin, or false to leave it out',
  value => value === false || (typeof value === 'object' && value !== null))

const shape: Shape<AppOptions> = {
  state: plugin,
  signals: plugin
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<AppOptions>(async function bundle (app, options) {
  checkOptions('the bundle', options, shape)
  // In this order: a plugin comes after those whose decorators it uses.
  if (options.state !== false) await app.register(state, options.state ?? {})
  if (options.signals !== false) await app.register(signals, options.signals ?? {})
}, {
  name: 'app',
  fastify: '5.x'
})
