/**
 * CORS per resource: who may read, who may write, and routes that nobody else's page can use.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import cors from '../plugins/cors/index.ts'
import exceptions from '../plugins/exceptions/index.ts'
import { runApp } from '../plugins/runner/index.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(exceptions)
  await app.register(cors, { defaults: { '*': {} } })

  // All methods of one path; say so before the routes.
  app.cors('/notes', {
    'https://app.example': {
      allowCredentials: true,
      allowHeaders: ['Content-Type'],
      exposeHeaders: ['X-Total'],
      maxAge: 600_000
    }
  })
  app.get('/notes', async (_request, reply) => reply.header('x-total', '1').send(['a note']))
  app.post('/notes', async () => 'saved')

  // One route: true takes the defaults of the plugin.
  app.get('/public', { config: { cors: true } }, async () => 'for everybody')

  app.get('/', async () => 'not for scripts of other origins')
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp())
