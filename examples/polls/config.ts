/**
 * What can be set, and from where: `config/polls.yaml`, the environment, flags.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Type from 'typebox'
import { loadConfig, type Config } from '../../app.ts'

const text = (description: string, options = {}) => Type.String({ description, minLength: 1, ...options })

export const schema = Type.Object({
  database: text('URL of the database', { env: 'DATABASE_URL', secret: true }),
  secret: text('seals the cookies', { minLength: 32, secret: true }),
  admin: Type.Object({
    name: text('who may change questions'),
    password: text('their password', { secret: true })
  }),
  accessLog: Type.Boolean({ description: 'whether each request is a line on the console' }),
  proxies: Type.Array(Type.String(), { description: 'addresses of proxies that say who really asks' }),
  redis: Type.Optional(text('URL of a Redis that carries live results to other processes', {
    env: 'REDIS_URL', secret: true
  }))
})

export type PollsConfig = Config<typeof schema>

/** Reads the configuration; all that is wrong with it is one error. */
export async function readConfig (
  argv: readonly string[] = [], values: Partial<PollsConfig> = {}
): Promise<PollsConfig> {
  const file = fileURLToPath(new URL('config/polls.yaml', import.meta.url))
  const config = await loadConfig(schema, { name: 'polls', file, argv, values })
  if (process.env['NODE_ENV'] === 'production' && config.secret.startsWith('for development')) {
    throw new Error('Set a secret and a password of your own: everybody knows those of config/polls.yaml')
  }
  return config
}
