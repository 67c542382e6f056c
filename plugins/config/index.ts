/**
 * The configuration of an app: one strict schema, filled from defaults, a file, the environment and flags.
 *
 * Everything that is wrong is said at once, with file and line. `loadConfig()` works without an app.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { TSchema } from 'typebox'
import { AIO_ERR_CONFIG_OTHER_SCHEMA } from './errors.ts'
import { loadConfig, type Config, type DeepReadonly } from './load.ts'
import type { LoadConfigOptions } from './options.ts'

export { ConfigError, type ConfigProblem } from './errors.ts'
export { configHelp } from './help.ts'
export { loadConfig, type Config, type DeepReadonly } from './load.ts'
export { type LoadConfigOptions } from './options.ts'

/** Options of the config plugin: those of `loadConfig()`, and the schema. */
export interface ConfigOptions extends LoadConfigOptions {
  /** What the configuration has to be; `Type.Object({ … })` of TypeBox. */
  schema: TSchema
  /**
   * What `loadConfig()` has loaded by this schema already; the other options then do nothing.
   *
   * @default undefined
   */
  config?: DeepReadonly<object>
}

const kConfig = Symbol('aiohttp.config')

// The type of `app.config` is left to the app: users of @fastify/env declare it, and a property is declared once.
declare module 'fastify' {
  interface FastifyInstance {
    readonly [kConfig]: { readonly schema: TSchema, readonly loaded: object }
  }
}

/**
 * The configuration of an app, frozen, with the type that its schema gives it.
 *
 * @throws AIO_ERR_CONFIG_OTHER_SCHEMA when it was loaded by another one
 */
export function configOf<Schema extends TSchema> (app: FastifyInstance, schema: Schema): Config<Schema> {
  const { schema: known, loaded } = app[kConfig]
  if (known !== schema) throw new AIO_ERR_CONFIG_OTHER_SCHEMA()
  return loaded as Config<Schema>
}

/** @throws ConfigError, AIO_ERR_CONFIG_SCHEMA, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<ConfigOptions>(async function config (app, { schema, config, ...options }) {
  const loaded = config ?? await loadConfig(schema, options) as object
  app.decorate('config', loaded)
  app.decorate(kConfig, { schema, loaded })
}, {
  name: 'config',
  fastify: '5.x'
})
