/**
 * The first page of a site: a handler that shows it, and the route to it.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { Response, runApp } from '../../app.ts'

async function index () {
  return new Response({ text: 'Hello Aiohttp!' })
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addGet('/', index)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8080 })
