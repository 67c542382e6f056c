/**
 * A middleware that adds " wink" to the text of every response.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { Response, runApp, type Middleware } from '../../app.ts'

const wink: Middleware = async (request, handler) => {
  const response = await handler(request)
  if (response instanceof Response) response.text = `${response.text} wink`
  return response
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle, { middlewares: { middlewares: [wink] } })
  app.addGet('/', async () => new Response({ text: 'Hello' }))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
