/**
 * One handler for two routes: the name comes from the path, or is Anonymous.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import bundle, { Response, runApp } from '../../app.ts'

async function handle (request: FastifyRequest) {
  const { name = 'Anonymous' } = request.matchInfo
  return new Response({ text: `Hello, ${name}` })
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addGet('/', handle)
  app.addGet('/{name}', handle)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
