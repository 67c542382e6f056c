/**
 * A class of views: one method for each HTTP method; every other one is answered with 405.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { Response, View, jsonResponse, runApp } from '../../app.ts'

class MyView extends View {
  async get () {
    return new Response({ text: `You asked for ${this.request.path}` })
  }

  async post () {
    return jsonResponse({ received: await this.request.json() })
  }
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addRoute('*', '/path/to', MyView)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
