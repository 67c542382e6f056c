/**
 * The smallest server: an app, a handler, a route, `runApp()` until Ctrl+C.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { Response, get, runApp } from '../../app.ts'

async function hello () {
  return new Response({ text: 'Hello, world' })
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addRoutes([get('/', hello)])
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
