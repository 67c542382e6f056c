/** A schema, and a world to read settings from. */

import type { Test } from 'tap'
import Type from 'typebox'
import { ConfigError, type LoadConfigOptions } from '../../../plugins/config/index.ts'

export const schema = Type.Object({
  server: Type.Object({
    host: Type.String({ default: '127.0.0.1' }),
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 8080, description: 'Where to listen' }),
    shutdownTimeout: Type.Integer({ minimum: 0, default: 60_000 }),
    debug: Type.Boolean({ default: false }),
    origins: Type.Array(Type.String(), { default: [] })
  }),
  database: Type.Object({
    url: Type.String({ format: 'uri', secret: true, env: 'DATABASE_URL', default: 'pglite:' }),
    poolSize: Type.Integer({ default: 10 })
  }),
  level: Type.Union([Type.Literal('info'), Type.Literal('warn')], { default: 'info' }),
  levels: Type.Optional(Type.Record(Type.String(), Type.String())),
  ratio: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  tls: Type.Optional(Type.Object({ cert: Type.String(), passphrase: Type.Optional(Type.String({ secret: true })) }))
})

/** Options that see nothing of this machine, with a folder of the given files. */
export function world (
  t: Test, files: Record<string, string | Record<string, string>> = {}
): LoadConfigOptions & { folder: string } {
  return { folder: t.testdir(files), env: {} }
}

export async function problemsOf (promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(() => undefined, error => error)
  if (!(error instanceof ConfigError)) throw error ?? new Error('nothing was wrong')
  return error.problems.map(({ where, text }) => `${where}: ${text}`)
}
