/**
 * Middlewares: around everything, around a sub-application, around one route; and paths set right.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, {
  HTTPUnauthorized, jsonResponse, normalizePath, RequestKey, Response, runApp, type Middleware
} from '../app.ts'

const user = new RequestKey<string>('user')

/** Around everything, 404 included: how long it took. */
const timing: Middleware = async (request, handler) => {
  const start = performance.now()
  const response = await handler(request)
  response.headers.set('Server-Timing', `app;dur=${(performance.now() - start).toFixed(1)}`)
  return response
}

/** Answers in place of the handler, or hands on what it found out. */
const bearer: Middleware = async (request, handler) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw new HTTPUnauthorized({ headers: { 'WWW-Authenticate': 'Bearer' } })
  request.state.set(user, token)
  return await handler(request)
}

/** Turns an error into a response. */
const lenient: Middleware = async (request, handler) => {
  try {
    return await handler(request)
  } catch {
    return jsonResponse({ error: 'something is wrong with this route' }, { status: 503 })
  }
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle, { middlewares: { middlewares: [timing, normalizePath()] } })

  app.addGet('/', async () => new Response({ text: 'Hello' }))
  app.addGet('/folder/', async () => new Response({ text: 'with its slash' }))
  app.addGet('/shaky', async () => { throw new Error('broken') }, { middlewares: [lenient] })
  app.addSubapp('/account', async account => {
    account.addGet('/', async request => new Response({ text: `Hello, ${request.state.get(user)}` }))
  }, { middlewares: [bearer] })

  // Fastify's own routes are inside of them, too.
  app.get('/plain', async () => ({ plain: true }))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(createApp(), { port: 8080 })
