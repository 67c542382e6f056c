import t from 'tap'
import websockets, { WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { build } from '../../helper.ts'
import { buildApp, frame, listen, open, Raw, refused, serve } from './helper.ts'

t.test('the registry knows each open websocket, its request, route and age', async t => {
  const app = await buildApp(t)
  app.websocket('/rooms/:id', listen)
  app.get('/other', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    await listen(ws)
    return ws
  })
  const port = await serve(app)
  const before = Date.now()
  const client = await open(t, port, '/rooms/7')
  await open(t, port, '/other')

  t.equal(app.websockets.size, 2)
  t.same([...app.websockets].map(({ route }) => route), ['/rooms/:id', '/other'])
  const [room, ...more] = app.websockets.byRoute('/rooms/:id')
  t.match(room?.request.params, { id: '7' })
  t.ok(room !== undefined && room.openedAt >= before && room.openedAt <= Date.now())
  t.equal(more.length, 0)

  client.ws.close()
  await client.closed
  t.equal(app.websockets.size, 1)
})

t.test('closeAll() closes all with its code and lets new ones in afterwards', async t => {
  const app = await buildApp(t)
  app.websocket('/', listen)
  const port = await serve(app)
  const clients = await Promise.all([open(t, port, '/'), open(t, port, '/')])

  await app.websockets.closeAll({ code: 4000, message: 'kicked' })
  for (const client of clients) t.same(await client.closed, { code: 4000, reason: 'kicked' })
  t.equal(app.websockets.size, 0)
  await open(t, port, '/')
  t.equal(app.websockets.size, 1)
})

t.test('closeAll() checks its options', async t => {
  const app = await buildApp(t)

  await t.rejects(app.websockets.closeAll({ code: 1 }), { code: 'AIO_ERR_OPTION_INVALID' })
  await t.rejects(app.websockets.closeAll({ timeout: -1 }), { code: 'AIO_ERR_OPTION_INVALID' })
  // @ts-expect-error a misspelt option
  await t.rejects(app.websockets.closeAll({ reason: '' }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  t.equal(app.websockets.closing, false)
})

t.test('app.close() says 1001 and waits until each has answered', async t => {
  const app = await buildApp(t)
  app.websocket('/', listen)
  const port = await serve(app)
  const client = await open(t, port, '/')

  await app.close()
  t.same(await client.closed, { code: 1001, reason: 'Server shutdown' })
  t.equal(app.websockets.size, 0)
  t.equal(app.server.listenerCount('upgrade'), 0)
})

t.test('app.close() drops who does not answer within closeTimeout, also one that never reads', async t => {
  const app = await buildApp(t, { closeTimeout: 50 })
  app.websocket('/silent', listen)
  app.websocket('/deaf', { compress: false }, async ws => {
    ws.sendBytes(Buffer.alloc(50_000_000)).catch(() => {})
    await listen(ws)
  })
  const port = await serve(app)
  const silent = new Raw(t, port, '/silent')
  await silent.head()
  const deaf = await open(t, port, '/deaf')
  deaf.ws.pause()

  const start = performance.now()
  await app.close()
  t.ok(performance.now() - start < 1000)
  t.same(await silent.rest(), frame(8, Buffer.from('\x03\xe9Server shutdown', 'latin1'), false))
  t.equal(app.websockets.size, 0)
})

t.test('websockets are closed batch by batch', async t => {
  const app = await buildApp(t, { closeBatch: 2, closeInterval: 150, closeTimeout: 500 })
  app.websocket('/', listen)
  const port = await serve(app)
  const clients = await Promise.all(Array.from({ length: 5 }, () => open(t, port, '/')))
  const closing = clients.map(({ closed }) => closed.then(() => performance.now()))

  const start = performance.now()
  await app.websockets.closeAll()
  const times = (await Promise.all(closing)).map(time => time - start).sort((a, b) => a - b)
  const pauses = times.slice(1).map((time, index) => time - Number(times[index]))
  t.same(pauses.map(pause => pause > 75), [false, true, false, true], `two, two, one: ${times}`)
})

t.test('a handshake gets 503 while all are being closed', async t => {
  const app = await buildApp(t, { closeTimeout: 200 })
  app.websocket('/', listen)
  const port = await serve(app)
  const silent = new Raw(t, port, '/')
  await silent.head()

  const closing = app.websockets.closeAll()
  t.equal(await refused(t, port, '/'), 503)
  await closing
})

t.test('a handshake that waits in a hook when the app closes gets 503', async t => {
  const app = await buildApp(t)
  let release = () => {}
  const reached = new Promise<void>(resolve => {
    app.addHook('onRequest', async () => {
      await new Promise<void>(_resolve => { release = _resolve; resolve() })
    })
  })
  app.websocket('/', listen)
  const port = await serve(app)
  const status = refused(t, port, '/')
  await reached

  const closing = app.close()
  setImmediate(() => release())
  t.equal(await status, 503)
  await closing
})

t.test('with signals the websockets are closed after all other receivers of onShutdown', async t => {
  const app = build(t)
  await app.register(signals)
  await app.register(websockets)
  app.websocket('/', listen)
  const log: number[] = []
  app.onShutdown(() => { log.push(app.websockets.size) })
  const port = await serve(app)
  const client = await open(t, port, '/')

  await app.signals.shutdown()
  t.same(log, [1])
  t.equal((await client.closed).code, 1001)
  t.equal(app.websockets.size, 0)
  t.equal(await refused(t, port, '/'), 503)
})

t.test('wrong options of the plugin are coded errors', async t => {
  const code = { invalid: 'AIO_ERR_OPTION_INVALID', unknown: 'AIO_ERR_OPTION_UNKNOWN' }

  await t.rejects(async () => { await build(t).register(websockets, { closeBatch: 0 }) }, { code: code.invalid })
  // @ts-expect-error a misspelt option
  await t.rejects(async () => { await build(t).register(websockets, { closeTimeOut: 0 }) }, { code: code.unknown })
})

t.test('sites of a runner serve websockets, and its cleanup says 1001', async t => {
  const app = build(t)
  await app.register(signals)
  await app.register(websockets)
  app.websocket('/', listen)
  const runner = new AppRunner(app)
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const client = await open(t, Number(site.port), '/')
  t.equal(app.websockets.size, 1)

  await runner.cleanup()
  t.same(await client.closed, { code: 1001, reason: 'Server shutdown' })
})
