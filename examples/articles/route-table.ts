/**
 * A table of routes, written beside their handlers by decorators and added to the app before it starts.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { Response, RouteTableDef, runApp } from '../../app.ts'

const routes = new RouteTableDef()

export class Handlers {
  @routes.get('/')
  static async hello () {
    return new Response({ text: 'Hello, world' })
  }
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addRoutes(routes)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
