/** The app: it knows no port and no process, so that tests and servers can make as many as they need. */

import Fastify from 'fastify'
import bundle, { AppKey, get, HTTPNotFound, jsonResponse, post, Response } from 'fastify-aiohttp'

/** What the shop has: opened with the app, closed after its last request. */
const stock = new AppKey<Map<string, number>>('stock')

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'info' } })
  await app.register(bundle, { health: {} })

  app.cleanupContext(async function * openStock (app) {
    app.state.set(stock, new Map([['tea', 3]]))
    yield
    app.state.get(stock).clear()
  })

  app.addRoutes([
    get('/', async () => new Response({ text: 'Hello' })),

    get('/stock/{name}', async request => {
      const { name = '' } = request.matchInfo
      const count = app.state.get(stock).get(name)
      if (count === undefined) throw new HTTPNotFound({ text: `There is no ${name}` })
      return jsonResponse({ name, count })
    }, { name: 'item' }),

    post('/stock', async request => {
      const { name, count } = await request.json() as { name: string, count: number }
      app.state.get(stock).set(name, count)
      return jsonResponse({ name, count }, { status: 201, headers: { Location: app.urlFor('item', { name }) } })
    })
  ])

  app.websocket('/echo', async ws => {
    for await (const message of ws) await ws.sendStr(String(message.data))
  })

  return app
}
