import t from 'tap'
import { WebSocketResponse, WSMsgType } from '../../../plugins/websockets/index.ts'
import { buildApp, open, refused, serve } from './helper.ts'

t.test('app.websocket() and prepare() in a GET handler both echo text and binary', async t => {
  const app = await buildApp(t)
  app.websocket('/route', async ws => {
    for await (const message of ws) {
      if (message.type === WSMsgType.TEXT) await ws.sendStr(`${message.data}/answer`)
      if (message.type === WSMsgType.BINARY) await ws.sendBytes(message.data)
    }
  })
  app.get('/handler', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    for await (const message of ws) {
      if (message.type === WSMsgType.TEXT) await ws.sendStr(`${message.data}/answer`)
      if (message.type === WSMsgType.BINARY) await ws.sendBytes(message.data)
    }
    return ws
  })
  const port = await serve(app)

  for (const path of ['/route', '/handler']) {
    const client = await open(t, port, path)
    t.equal(await client.ask('question'), 'question/answer')
    t.same(await client.ask(Buffer.from([1, 2, 3])), Buffer.from([1, 2, 3]))
    client.ws.close(4001, 'enough')
    t.same(await client.closed, { code: 4001, reason: '' })
  }
})

t.test('an unknown path is 404', async t => {
  const app = await buildApp(t)
  const port = await serve(app)

  t.equal(await refused(t, port, '/nowhere'), 404)
})

t.test('app.close() says 1001 to all', async t => {
  const app = await buildApp(t)
  app.websocket('/', async ws => { for await (const _ of ws); })
  const port = await serve(app)
  const client = await open(t, port, '/')
  t.equal(app.websockets.size, 1)

  await app.close()
  t.same(await client.closed, { code: 1001, reason: 'Server shutdown' })
  t.equal(app.websockets.size, 0)
  t.equal(app.server.listenerCount('upgrade'), 0)
})
