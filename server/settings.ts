/**
 * Settings of the command from a file (`--config`) and from variables that begin with `AIO_`.
 *
 * @module
 */

import type { Config } from '../plugins/config/index.ts'
import { UsageError } from './failure.ts'
import type { settingsSchema } from './settings-schema.ts'

/** What a file and the environment say; flags win over it. */
export type Settings = Config<typeof settingsSchema>

const prefix = 'AIO_'

/**
 * Reads the file and the variables; without any nothing is loaded for it.
 *
 * @throws UsageError that names everything that is wrong
 */
export async function readSettings (file: string | undefined, env: NodeJS.ProcessEnv): Promise<Settings> {
  if (file === undefined && !Object.keys(env).some(name => name.startsWith(prefix))) return {}
  const [{ ConfigError, loadConfig }, { settingsSchema }] =
    await Promise.all([import('../plugins/config/index.ts'), import('./settings-schema.ts')])
  try {
    const settings = await loadConfig(settingsSchema, {
      name: 'server', env, envPrefix: prefix, file: false, argv: file === undefined ? [] : [`--config=${file}`]
    })
    return checkSites(settings)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const problems = error.problems.map(({ where, text }) => where === '' ? text : `${where}: ${text}`)
    throw new UsageError(`Invalid configuration: ${problems.join('; ')}`, { cause: error })
  }
}

function checkSites (settings: Settings): Settings {
  const { sites, host, port, path } = settings
  if (sites === undefined || (host ?? port ?? path) === undefined) return settings
  throw new UsageError('Invalid configuration: sites and host, port or path exclude each other')
}
