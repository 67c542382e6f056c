import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import websockets, { WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { build } from '../../helper.ts'
import { Client, listen, open, refused, serve } from './helper.ts'

const orders = {
  'ours first': [websockets, fastifyWebsocket],
  'ours last': [fastifyWebsocket, websockets]
}

/** An app with both plugins and a route of each kind. */
async function both (t: Test, order: keyof typeof orders): Promise<{ app: FastifyInstance, hooks: string[] }> {
  const app = build(t)
  const hooks: string[] = []
  for (const plugin of orders[order]) await app.register(plugin as typeof websockets)
  app.addHook('onRequest', async request => { hooks.push(request.url) })
  app.get('/theirs/:name', { websocket: true }, (socket, request) => {
    socket.on('message', data => socket.send(`${request.url} ${data}`))
  })
  app.websocket('/ours', async ws => {
    for await (const { data } of ws) await ws.sendStr(`ours ${data}`)
  })
  app.get('/theirs/but-ours', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    for await (const { data } of ws) await ws.sendStr(`handler ${data}`)
    return ws
  })
  app.get('/plain', async () => 'plain')
  return { app, hooks }
}

for (const order of ['ours first', 'ours last'] as const) {
  t.test(`routes of @fastify/websocket work beside ours and run their hooks once: ${order}`, async t => {
    const { app, hooks } = await both(t, order)
    const port = await serve(app)

    t.equal(await (await open(t, port, '/theirs/a')).ask('?'), '/theirs/a ?')
    t.equal(await (await open(t, port, '/ours')).ask('?'), 'ours ?')
    t.equal(await (await open(t, port, '/theirs/but-ours')).ask('?'), 'handler ?')
    t.equal(await refused(t, port, '/plain'), 200)
    t.equal(await refused(t, port, '/nowhere'), 404)
    t.same(hooks, ['/theirs/a', '/ours', '/theirs/but-ours', '/plain', '/nowhere'])
    t.same([...app.websockets].map(({ route }) => route), ['/theirs/:name', '/ours', '/theirs/but-ours'])
  })

  t.test(`injectWS reaches the routes of both: ${order}`, async t => {
    const { app } = await both(t, order)
    await app.ready()
    const clients: Client[] = []
    for (const path of ['/theirs/a', '/ours', '/theirs/but-ours']) {
      const ws = await app.injectWS(path, {}, { onInit: ws => clients.push(new Client(ws)) })
      t.teardown(() => ws.terminate())
    }

    t.same(await Promise.all(clients.map(client => client.ask('!'))), ['/theirs/a !', 'ours !', 'handler !'])
    t.equal(app.websockets.size, 3)
    await app.close()
    t.equal(app.websockets.size, 0)
    t.same((await Promise.all(clients.slice(1).map(({ closed }) => closed))).map(({ code }) => code), [1001, 1001])
  })
}

t.test('closeAll() closes the sockets of @fastify/websocket with the same code', async t => {
  const { app } = await both(t, 'ours last')
  const port = await serve(app)
  const client = await open(t, port, '/theirs/a')
  const [theirs] = app.websockets.byRoute('/theirs/:name')
  t.match(theirs?.request.params, { name: 'a' })

  await app.websockets.closeAll({ code: 1012, message: 'restart' })
  t.same(await client.closed, { code: 1012, reason: 'restart' })
})

t.test('app.close() says 1001 to the sockets of @fastify/websocket when ours is registered first', async t => {
  const { app } = await both(t, 'ours first')
  const port = await serve(app)
  const client = await open(t, port, '/theirs/a')

  await app.close()
  t.same(await client.closed, { code: 1001, reason: 'Server shutdown' })
  t.equal(app.server.listenerCount('upgrade'), 0)
})

t.test('a @fastify/websocket in an encapsulated context costs nothing outside and works', async t => {
  const app = build(t)
  await app.register(websockets)
  await app.register(async child => {
    await child.register(fastifyWebsocket)
    child.get('/theirs', { websocket: true }, socket => socket.send('theirs'))
  })
  app.get('/handler', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    await listen(ws)
    return ws
  })
  const port = await serve(app)

  t.equal(await (await open(t, port, '/theirs')).next(), 'theirs')
  await open(t, port, '/handler')
  t.equal(app.websockets.size, 2)
})
