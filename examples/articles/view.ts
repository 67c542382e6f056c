/**
 * A class with one method for each HTTP method; whatever it lacks is answered 405 with Allow.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import bundle, { Response, jsonResponse, runApp } from '../../app.ts'

class MyView {
  async get (request: FastifyRequest) {
    return new Response({ text: `You asked for ${request.url}` })
  }

  async post (request: FastifyRequest) {
    return jsonResponse({ received: request.body })
  }
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  const view = new MyView()
  app.get('/path/to', request => view.get(request))
  app.post('/path/to', request => view.post(request))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
