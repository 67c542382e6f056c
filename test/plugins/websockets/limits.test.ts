import t from 'tap'
import signals from '../../../plugins/signals/index.ts'
import websockets, { WebSocketResponse, WSMsgType, type Message } from '../../../plugins/websockets/index.ts'
import { build } from '../../helper.ts'
import { buildApp, listen, open, Raw, refused, serve } from './helper.ts'

t.test('only pages of the same host may open a websocket, unless others are allowed', async t => {
  const app = await buildApp(t)
  app.websocket('/same', listen)
  app.websocket('/any', { origins: '*' }, listen)
  app.websocket('/list', { origins: ['https://example.com'] }, listen)
  const port = await serve(app)
  const own = `http://127.0.0.1:${port}`

  for (const [path, origin] of [
    ['/same', undefined], ['/same', own], ['/any', 'null'], ['/list', 'https://example.com'], ['/list', undefined]
  ] as const) {
    await t.resolves(open(t, port, path, [], { ...(origin !== undefined && { origin }) }), `${path} ${origin}`)
  }
  for (const [path, origin] of [
    ['/same', 'https://example.com'], ['/same', 'null'], ['/same', 'http://127.0.0.1:1'], ['/list', own]
  ] as const) {
    t.equal(await refused(t, port, path, { origin }), 403, `${path} ${origin}`)
  }
})

t.test('the scheme and its default port do not count: TLS may end before us', async t => {
  const app = await buildApp(t)
  app.websocket('/', listen)
  const port = await serve(app)
  const headers = { host: 'example.com', origin: 'https://EXAMPLE.com:443' }

  t.match(await new Raw(t, port, '/', headers).head(), / 101 /)
  t.match(await new Raw(t, port, '/', { ...headers, origin: 'https://example.com:444' }).head(), / 403 /)
})

t.test('the plugin has an origin check for all, and canPrepare() knows it', async t => {
  const app = await buildApp(t, { origins: ['https://example.com'] })
  app.get('/', async request => {
    const ws = new WebSocketResponse()
    return ws.canPrepare(request).ok ? ws : 'no'
  })
  const raw = new Raw(t, await serve(app), '/', { origin: 'https://other.com' })

  t.match(await raw.head(), / 200 /)
  for (const origins of ['any', ['example.com'], ['https://example.com/']]) {
    await t.rejects(async () => { await build(t).register(websockets, { origins: origins as never }) },
      { code: 'AIO_ERR_OPTION_INVALID' })
  }
})

t.test('maxConnections: one more is 503 until another has gone', async t => {
  const app = await buildApp(t, { maxConnections: 1 })
  app.websocket('/', listen)
  const port = await serve(app)
  const client = await open(t, port, '/')
  t.equal(await refused(t, port, '/'), 503)

  client.ws.close()
  await client.closed
  await t.resolves(open(t, port, '/'))
  t.match(app.websockets.counts(), { open: 1, opened: 2, refused: 1 })
})

t.test('maxConnectionsPerAddress: one more from there is 429', async t => {
  const app = await buildApp(t, { maxConnectionsPerAddress: 1 }, { trustProxy: true })
  app.websocket('/', listen)
  const port = await serve(app)
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  const client = await open(t, port, '/', [], from('10.0.0.1'))
  t.equal(await refused(t, port, '/', from('10.0.0.1')), 429)
  await t.resolves(open(t, port, '/', [], from('10.0.0.2')))

  client.ws.close()
  await client.closed
  await t.resolves(open(t, port, '/', [], from('10.0.0.1')))
})

t.test('rateLimit: too many frames close with 1008, pings too', async t => {
  const app = await buildApp(t)
  const ends: Message[] = []
  app.websocket('/', { rateLimit: { messages: 3, interval: 60_000 } }, async ws => {
    for await (const message of ws) if (message.type === WSMsgType.ERROR) ends.push(message)
  })
  const port = await serve(app)
  for (const send of ['send', 'ping'] as const) {
    const client = await open(t, port, '/')
    for (let index = 0; index < 4; index++) client.ws[send]('x')
    t.same(await client.closed, { code: 1008, reason: 'Too many messages' })
  }
  t.match(ends, [{ data: { code: 'AIO_ERR_WS_PROTOCOL', closeCode: 1008 } }, {}])
})

t.test('rateLimit fills again with time', async t => {
  const app = await buildApp(t)
  app.websocket('/', { rateLimit: { messages: 2, interval: 20 } }, async ws => {
    for await (const message of ws) await ws.sendStr(String(message.data))
  })
  const client = await open(t, await serve(app), '/')
  for (let index = 0; index < 6; index++) {
    t.equal(await client.ask(String(index)), String(index))
    await new Promise(resolve => setTimeout(resolve, 15))
  }
})

t.test('onResponsePrepare is sent before the 101, with headers to change', async t => {
  const app = build(t)
  await app.register(signals)
  await app.register(websockets)
  const seen: number[] = []
  app.onResponsePrepare((_request, response) => {
    seen.push(response.status)
    response.headers.set('x-signal', 'yes')
  })
  app.websocket('/', listen)
  const raw = new Raw(t, await serve(app), '/')

  t.match(await raw.head(), /^HTTP\/1\.1 101 [^]*x-signal: yes/)
  t.equal(seen.length, 1)
})

t.test('a websocket that is returned unprepared is prepared and closed', async t => {
  const app = await buildApp(t)
  app.get('/', async () => new WebSocketResponse({ protocols: ['chat'] }))
  const port = await serve(app)
  const client = await open(t, port, '/', ['chat'])

  t.equal(client.ws.protocol, 'chat')
  t.same(await client.closed, { code: 1000, reason: '' })
  t.equal((await app.inject('/')).statusCode, 400)
})

t.test('sendFrame(), sendJsonBytes(), write() and the status', async t => {
  const app = await buildApp(t)
  app.websocket('/', async ws => {
    await ws.sendFrame('text', WSMsgType.TEXT)
    await ws.sendFrame(Buffer.from('grün'), WSMsgType.TEXT)
    await ws.sendFrame(Buffer.from([1]))
    await ws.sendFrame('p', WSMsgType.PING)
    await ws.sendJsonBytes({ a: 1 })
    await ws.sendJsonBytes(1n, { dumps: value => Buffer.from(String(value)) })
    for (const opcode of [0, 3, 8]) await t.rejects(ws.sendFrame('x', opcode), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await t.rejects(ws.sendFrame(Buffer.from([0xff]), WSMsgType.TEXT), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await t.rejects(ws.sendJsonBytes(undefined), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await t.rejects(ws.write('x'), { code: 'AIO_ERR_WS_WRITE' })
    t.throws(() => ws.setStatus(200), { code: 'AIO_ERR_WS_STATUS' })
    t.throws(() => { ws.status = 200 }, { code: 'AIO_ERR_WS_STATUS' })
    await ws.writeEof()
  })
  const client = await open(t, await serve(app), '/')

  t.same([await client.next(), await client.next(), await client.next(), await client.next(), await client.next()],
    ['text', 'grün', Buffer.from([1]), Buffer.from('{"a":1}'), Buffer.from('1')])
  t.equal((await client.closed).code, 1000)
})

t.test('a receive that is given up leaves the message to the next', async t => {
  const app = await buildApp(t)
  app.websocket('/', async ws => {
    await t.rejects(ws.receive({ signal: AbortSignal.timeout(10) }), { name: 'TimeoutError' })
    await t.rejects(ws.receive({ signal: AbortSignal.abort() }), { name: 'AbortError' })
    await t.rejects(ws.receive({ timeout: 0 }), { code: 'AIO_ERR_OPTION_INVALID' })
    await ws.sendStr('now')
    await ws.sendStr(await ws.receiveStr({ signal: new AbortController().signal }))
  })
  const client = await open(t, await serve(app), '/')
  t.equal(await client.next(), 'now')
  t.equal(await client.ask('mine'), 'mine')
})

t.test('closeSpread spreads the closing of all, however few they are', async t => {
  const app = await buildApp(t, { closeSpread: 90, closeInterval: 30 })
  app.websocket('/', listen)
  const port = await serve(app)
  const clients = await Promise.all(Array.from({ length: 3 }, () => open(t, port, '/')))
  const start = performance.now()
  const closing = clients.map(({ closed }) => closed.then(() => performance.now() - start))

  await app.websockets.closeAll()
  const times = (await Promise.all(closing)).sort((a, b) => a - b)
  t.ok(Number(times[0]) < 25 && Number(times[1]) >= 29 && Number(times[2]) >= 59, String(times))
})

t.test('shutdown waits for handlers that still work, at most closeTimeout more', async t => {
  const app = await buildApp(t, { closeTimeout: 500 })
  let finished = false
  app.websocket('/', async ws => {
    await listen(ws)
    await new Promise(resolve => setTimeout(resolve, 50))
    finished = true
  })
  app.websocket('/endless', async () => { await new Promise(() => {}) })
  const port = await serve(app)
  await open(t, port, '/')
  await app.websockets.shutdown()
  t.equal(finished, true)

  const other = await buildApp(t, { closeTimeout: 20 })
  other.websocket('/', async () => { await new Promise(() => {}) })
  await open(t, await serve(other), '/')
  await t.resolves(other.close().then())
})
