/**
 * Routes in aiohttp's words: a table, a class of views, a named route, a sub-application, a domain.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import bundle, { Response, RouteTableDef, View, get, jsonResponse, post, runApp } from '../app.ts'

const routes = new RouteTableDef()

routes.get('/')(async (request: FastifyRequest) => {
  return jsonResponse({ user: request.server.urlFor('user', { id: 7 }, { query: { tab: 'posts' } }) })
})

export class Users {
  @routes.get('/users/{id}', { name: 'user' })
  static async show (request: FastifyRequest) {
    return jsonResponse(request.matchInfo)
  }

  // Digits only: anything else is 404.
  @routes.get('/users/{id}/posts/{post:\\d+}')
  static async post (request: FastifyRequest) {
    return jsonResponse(request.matchInfo)
  }
}

@routes.view('/session')
export class Session extends View {
  async get () {
    return new Response({ text: `view of ${this.request.method}` })
  }

  async delete () {
    return new Response({ status: 204 })
  }
}

async function admin (app: FastifyInstance) {
  app.addRoutes([
    get('/', async () => new Response({ text: 'admin' })),
    post('/restart', async () => new Response({ text: 'restarted' }))
  ])
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addRoutes(routes)
  app.addSubapp('/admin', admin)
  app.addDomain('*.example.com', admin)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8080 })
