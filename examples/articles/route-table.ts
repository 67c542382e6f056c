/**
 * Routes written down first, beside their handlers, and added to the app in one go.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type RouteOptions } from 'fastify'
import bundle, { Response, runApp } from '../../app.ts'

const routes: RouteOptions[] = [
  {
    method: 'GET',
    url: '/',
    handler: async () => new Response({ text: 'Hello, world' })
  }
]

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  for (const route of routes) app.route(route)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
