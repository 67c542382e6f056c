/**
 * A configuration: a schema, a file, variables and flags.
 *
 *     node --import=tsx examples/config.ts
 *     node --import=tsx examples/config.ts --server.port 3000 --greetings.fr=Bonjour
 *     GREETER_DATABASE__URL=postgres://me:pass@db/app node --import=tsx examples/config.ts
 *     node --import=tsx examples/config.ts --config=/opt/config/greeter.json
 *     node --import=tsx examples/config.ts --help
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import Type from 'typebox'
import config, { configOf, loadConfig, type Config } from '../plugins/config/index.ts'
import { runApp } from '../plugins/runner/index.ts'

const schema = Type.Object({
  server: Type.Object({
    host: Type.String({ default: '127.0.0.1', description: 'Where to listen' }),
    port: Type.Integer({ minimum: 0, maximum: 65535, default: 8080 })
  }),
  database: Type.Object({
    // Known by this name in many places; and nothing prints it.
    url: Type.String({ env: 'DATABASE_URL', secret: true, default: 'pglite:' }),
    poolSize: Type.Integer({ minimum: 1, default: 10 })
  }),
  greetings: Type.Record(Type.String(), Type.String(), { description: 'A greeting for each language' })
})

/** Loads `config/greeter.yaml` beside this file, or what `--config` names. */
async function load (argv: readonly string[]) {
  return await loadConfig(schema, { name: 'greeter', folder: import.meta.dirname, argv })
}

export default async function createApp (settings?: Config<typeof schema>) {
  const app = Fastify()
  await app.register(config, { schema, config: settings ?? await load([]) })
  const { greetings } = configOf(app, schema)

  app.get('/', async () => Object.values(greetings).join(', '))
  // Passwords stay here.
  app.get('/config', async () => configOf(app, schema))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const settings = await load(process.argv.slice(2))
  await runApp(await createApp(settings), settings.server)
}
