/**
 * One line for each response in aiohttp's format, a logger with a level of its own, a route that is left out.
 *
 *     node --import=tsx examples/access-log.ts
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import bundle, { runApp } from '../app.ts'

export default async function createApp (): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(bundle, {
    accessLog: { format: '%a %t "%r" %s %b %Tf "%{User-Agent}i"', levels: { web: 'warn' } }
  })

  app.get('/', async () => 'This request is in the log.\n')
  app.get('/quiet', { config: { accessLog: false } }, async () => 'This one is not.\n')

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(await createApp(), { host: '127.0.0.1', port: 8080 })
}
