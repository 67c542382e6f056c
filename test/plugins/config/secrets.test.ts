/** What comes out: frozen, typed, and silent about secrets. */

import { inspect } from 'node:util'
import Fastify from 'fastify'
import t from 'tap'
import Type from 'typebox'
import { configOf, loadConfig } from '../../../plugins/config/index.ts'
import { problemsOf, schema, world } from './helper.ts'

t.test('the result is frozen all the way down, and typed', async t => {
  const config = await loadConfig(schema, world(t))

  t.throws(() => {
    // @ts-expect-error it is read-only
    config.server.port = 1
  }, TypeError)
  t.throws(() => {
    // @ts-expect-error so are its lists
    config.server.origins.push('x')
  }, TypeError)
  const port: number = config.server.port
  // @ts-expect-error the schema says that it is a number
  const text: string = config.server.port
  t.equal(port, text)
})

t.test('the default of a schema is not what gets frozen', async t => {
  const given = Type.Object({ list: Type.Array(Type.String(), { default: ['a'] }) })
  await loadConfig(given, world(t))
  t.notOk(Object.isFrozen((given.properties.list as { default?: unknown }).default))
})

t.test('secrets are in nothing that is printed', async t => {
  const config = await loadConfig(schema, {
    ...world(t), values: { database: { url: 'postgres://u:hunter2@h/x' }, tls: { cert: 'c', passphrase: 'hunter2' } }
  })
  t.equal(config.database.url, 'postgres://u:hunter2@h/x')

  let logged = ''
  const app = Fastify({ logger: { stream: { write: (line: string) => { logged += line } } } })
  t.teardown(() => app.close())
  await app.register(import('../../../plugins/config/index.ts'), { schema, config })
  app.log.info({ config: configOf(app, schema), tls: config.tls }, 'configured')

  const parts = [config, config.database, config.tls]
  const printed = parts.flatMap(part => [inspect(part, { depth: 9 }), JSON.stringify(part)])
  for (const text of [...printed, logged]) {
    t.notMatch(text, 'hunter2')
    t.match(text, '[secret]')
  }
})

t.test('secrets are in no error', async t => {
  const options = { ...world(t), env: { DATABASE_URL: 'hunter2 hunter2' }, argv: ['--tls.passphrse', 'hunter2'] }
  const problems = await problemsOf(loadConfig(schema, options))

  t.notMatch(problems.join('\n'), 'hunter2')
  t.match(problems.join('\n'), 'DATABASE_URL: Invalid "database.url": expected a URL, got something else (it is secret)')
})
