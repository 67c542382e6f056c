/**
 * Routes that come and go while the server runs: an admin endpoint adds pages and removes them, and plugs a plugin.
 *
 *     curl -X PUT -d 'Hello, Ada' localhost:8080/admin/pages/hello    then    curl localhost:8080/hello
 *     curl -X DELETE localhost:8080/admin/pages/hello
 *     curl -X PUT localhost:8080/admin/shop                           then    curl localhost:8080/shop/items/7
 *
 * Whoever can reach `/admin` can add routes: a real one asks who it is.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import bundle, {
  get, HTTPConflict, HTTPNotFound, jsonResponse, Response, runApp, type PlugHandle, type RouteHandle
} from '../../app.ts'

async function shop (child: FastifyInstance) {
  child.cleanupContext(async function * stock () {
    child.log.info('the shop opens')
    yield
    child.log.info('the shop closes, its last customer has left')
  })
  child.get<{ Params: { id: string } }>('/items/:id', async request => ({ item: request.params.id }))
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  const pages = new Map<string, RouteHandle>()
  let plugged: PlugHandle | undefined

  app.addGet('/', async () => jsonResponse(app.routes.list().map(({ method, path }) => `${method} ${path}`)))
  app.addPut('/admin/pages/{name}', async request => {
    const { name = '' } = request.matchInfo
    const text = await request.text()
    const page = get(`/${name}`, async () => new Response({ text }), { name })
    const known = pages.get(name)
    if (known === undefined) pages.set(name, app.routes.add(page))
    else known.replace(page)
    return new Response({ status: 201, text: app.urlFor(name) })
  })
  app.addDelete('/admin/pages/{name}', async request => {
    const { name = '' } = request.matchInfo
    pages.get(name)?.remove()
    if (!pages.delete(name)) throw new HTTPNotFound()
    return new Response({ status: 204 })
  })
  app.addPut('/admin/shop', async () => {
    if (plugged !== undefined) throw new HTTPConflict()
    plugged = await app.routes.plug('/shop', shop)
    return 'open'
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(createApp())
