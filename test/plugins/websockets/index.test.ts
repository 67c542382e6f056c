/** Routes of websockets and their handlers. */

import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import createApp from '../../../examples/websockets.ts'
import { WebSocketResponse, WSMsgType, type WebSocketHandler } from '../../../plugins/websockets/index.ts'
import { buildApp, listen, open, Raw, serve } from './helper.ts'
import { build } from '../../helper.ts'

t.test('app.websocket() and prepare() in a GET handler both echo text and binary', async t => {
  const app = await buildApp(t)
  const echo = async (ws: WebSocketResponse) => {
    for await (const message of ws) {
      if (message.type === WSMsgType.TEXT) await ws.sendStr(`${message.data}/answer`)
      if (message.type === WSMsgType.BINARY) await ws.sendBytes(message.data)
    }
  }
  app.websocket('/route', echo)
  app.get('/handler', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    await echo(ws)
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

t.test('a handler knows its app, its request and its parameters', async t => {
  const app = await buildApp(t)
  await app.register(async child => {
    child.websocket('/:room', async function (ws, request) {
      t.equal(this, child)
      t.equal(ws.request, request)
      t.equal(ws.route, '/chat/:room')
      await ws.sendJson({ params: request.params, query: request.query })
    })
  }, { prefix: '/chat' })
  const client = await open(t, await serve(app), '/chat/blue?a=1')

  t.equal(await client.next(), '{"params":{"room":"blue"},"query":{"a":"1"}}')
})

t.test('a plain route has no hook of ours in its context', async t => {
  const app = await buildApp(t, {}, { exposeHeadRoutes: false })
  app.get('/plain', async () => 'plain')
  app.websocket('/ws', listen)
  await app.ready()

  const hooks = app.printRoutes({ includeHooks: true, commonPrefix: false })
  t.notMatch(hooks, /onRequest|preHandler|onSend|onResponse/)
})

t.test('a handler that fails is logged and closes with 1011, one that returns with 1000', async t => {
  const lines: string[] = []
  const app = await buildApp(t, {}, { logger: { stream: { write: line => lines.push(line) } } })
  const fail = async () => { throw new Error('handler went wrong') }
  const prepared = (handler: () => Promise<void>) => async (request: Parameters<WebSocketHandler>[1]) => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    await handler()
  }
  app.websocket('/route/fail', fail)
  app.websocket('/route/return', async () => {})
  app.get('/handler/fail', prepared(fail))
  app.get('/handler/return', prepared(async () => {}))
  const port = await serve(app)

  for (const style of ['/route', '/handler']) {
    t.equal((await (await open(t, port, `${style}/fail`)).closed).code, 1011)
    t.equal((await (await open(t, port, `${style}/return`)).closed).code, 1000)
  }
  t.equal(lines.filter(line => JSON.parse(line).err?.message === 'handler went wrong').length, 2)
})

t.test('a plain answer after prepare() is dropped and closes the websocket', async t => {
  const app = await buildApp(t)
  app.get('/', async (request, reply) => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    return reply.code(202).send('plain')
  })
  const raw = new Raw(t, await serve(app), '/')
  await raw.head()

  t.same(await raw.read(4), Buffer.from([0x88, 2, 3, 232]))
})

t.test('the request ends in the log and in onResponse when the websocket does, with 101', async t => {
  const app = await buildApp(t)
  const ended = new Promise<number>(resolve => {
    app.addHook('onResponse', async (_request, reply) => { resolve(reply.statusCode) })
  })
  app.websocket('/', listen)
  const client = await open(t, await serve(app), '/')
  client.ws.close()

  t.equal(await ended, 101)
})

t.test('of the exchange only the request is kept while a websocket is open', async t => {
  const app = await buildApp(t)
  const kept: WeakRef<object>[] = []
  app.addHook('onRequest', async (_request, reply) => { kept.push(new WeakRef(reply), new WeakRef(reply.raw)) })
  app.websocket('/:room', listen)
  await open(t, await serve(app), '/lobby')

  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 20; round += 1) {
    collect()
    await setImmediate()
  }

  t.same(kept.map(reference => reference.deref() === undefined), [true, true])
  t.same([...app.websockets].map(({ request }) => request.params), [{ room: 'lobby' }])
})

t.test('whoever has wrapped the handler of a websocket route can wait for its end', async t => {
  const app = await buildApp(t)
  const log: string[] = []
  app.addHook('onRoute', route => {
    const { handler } = route
    route.handler = async function (request, reply) {
      await handler.call(this, request, reply)
      log.push('ended')
    }
  })
  app.websocket('/', async ws => {
    for await (const { data } of ws) await ws.sendStr(String(data))
    log.push('handled')
  })
  const client = await open(t, await serve(app), '/')
  await client.ask('still open')
  t.same(log, [])

  client.ws.close()
  await client.closed
  await app.close()

  t.same(log, ['handled', 'ended'])
})

t.test('a client that has gone before prepare() is no crash', async t => {
  const app = await buildApp(t)
  const caught = new Promise<unknown>(resolve => {
    app.get('/', async request => {
      request.raw.socket.destroy()
      const ws = new WebSocketResponse()
      await ws.prepare(request).catch(resolve)
    })
  })
  const raw = new Raw(t, await serve(app), '/')

  await raw.ended
  t.match(await caught, { code: 'AIO_ERR_WS_CLOSED' })
  t.equal(app.websockets.size, 0)
})

t.test('prepare() where the plugin is not registered says so', async t => {
  const app = build(t)
  app.get('/', async request => {
    await t.rejects(new WebSocketResponse().prepare(request), { code: 'AIO_ERR_WS_PLUGIN' })
    return 'checked'
  })

  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
  }
  t.equal((await app.inject({ url: '/', headers })).body, 'checked')
})

t.test('wrong arguments of app.websocket() are coded errors', async t => {
  const app = await buildApp(t)

  // @ts-expect-error a path that is none
  t.throws(() => app.websocket(7, listen), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => app.websocket('no-slash', listen), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  // @ts-expect-error no handler
  t.throws(() => app.websocket('/', {}), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  // @ts-expect-error a misspelt option
  t.throws(() => app.websocket('/', { heartBeat: 1 }, listen), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  t.throws(() => app.websocket('/', { heartbeat: -1 }, listen), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('a socket that fails while hooks run does not end the process', async t => {
  const app = await buildApp(t)
  const failed = new Promise<void>(resolve => {
    app.addHook('onRequest', async request => {
      request.raw.socket.emit('error', new Error('ECONNRESET'))
      resolve()
    })
  })
  app.websocket('/', listen)
  const raw = new Raw(t, await serve(app), '/')

  await failed
  await raw.ended
  t.equal(app.websockets.size, 0)
})

t.test('examples/websockets.ts answers in both styles and closes when told', async t => {
  const app = await createApp()
  t.teardown(() => app.close())
  const port = await serve(app)

  for (const path of ['/echo', '/']) {
    const client = await open(t, port, path)
    t.equal(await client.ask('question'), 'question/answer')
    client.ws.send('close')
    t.equal((await client.closed).code, 1000)
  }
  t.match((await app.inject('/')).body, 'websockets are open')
})
