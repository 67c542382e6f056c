/** The handshake: what comes before it, what is refused, what is agreed on. */

import { request as httpRequest } from 'node:http'
import { once } from 'node:events'
import t from 'tap'
import exceptions, { HTTPUnauthorized } from '../../../plugins/exceptions/index.ts'
import { WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { buildApp, listen, open, Raw, refused, serve } from './helper.ts'
import { build } from '../../helper.ts'

t.test('hooks run before the handshake and may refuse it', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register((await import('../../../plugins/websockets/index.ts')).default)
  app.addHook('onRequest', async request => {
    if (request.headers.authorization !== 'secret') throw new HTTPUnauthorized()
  })
  app.websocket('/', { preHandler: async request => { request.log.info('checked') } }, listen)
  const port = await serve(app)

  t.equal(await refused(t, port, '/'), 401)
  await open(t, port, '/', [], { headers: { authorization: 'secret' } })
  t.equal(app.websockets.size, 1)
})

t.test('a schema is checked before the handshake', async t => {
  const app = await buildApp(t)
  const schema = { querystring: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } } }
  app.websocket('/', { schema }, listen)
  const port = await serve(app)

  t.equal(await refused(t, port, '/'), 400)
  await open(t, port, '/?token=1')
})

t.test('an unknown path is 404 and a handler that throws before prepare() gives its status', async t => {
  const app = await buildApp(t)
  app.get('/forbidden', async () => { throw Object.assign(new Error('no'), { statusCode: 403 }) })
  const port = await serve(app)

  t.equal(await refused(t, port, '/nowhere'), 404)
  t.equal(await refused(t, port, '/forbidden'), 403)
})

t.test('a handler that never prepares answers a handshake as usual', async t => {
  const app = await buildApp(t)
  const long = 'x'.repeat(5_000_000)
  app.get('/plain', async () => long)
  const raw = new Raw(t, await serve(app), '/plain', { connection: 'Upgrade, close' })

  t.match(await raw.head(), /^HTTP\/1\.1 200 OK[^]*connection: close/i)
  t.equal((await raw.rest()).length, long.length)
})

t.test('after a refused handshake the connection speaks HTTP on, also with what came already', async t => {
  const app = await buildApp(t)
  app.websocket('/', listen)
  app.get('/plain', async () => 'still here')
  const port = await serve(app)
  const raw = new Raw(t, port, '/', { 'sec-websocket-version': '99' })
  raw.socket.write('GET /plain HTTP/1.1\r\nhost: localhost\r\n\r\n')
  t.match(await raw.head(), /^HTTP\/1\.1 426 /)
  t.match((await raw.read(1)).toString(), /^\{/)
  t.match(await raw.head(), /HTTP\/1\.1 200 OK/)

  raw.socket.write('GET /plain HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
  t.match((await raw.rest()).toString(), /still here$/)
})

t.test('after a handshake that failed with an error nobody expected the connection closes', async t => {
  const app = await buildApp(t)
  app.setErrorHandler(async (_error, _request, reply) => reply.header('connection', 'close').code(500).send('oh'))
  app.get('/', async () => { throw new Error('oh') })
  const raw = new Raw(t, await serve(app), '/')

  t.match((await raw.rest()).toString(), /^HTTP\/1\.1 500 [^]*oh$/)
})

t.test('a stream answers a handshake of a client that reads slowly', async t => {
  const app = await buildApp(t)
  const { Readable } = await import('node:stream')
  app.get('/plain', async () => Readable.from(Array.from({ length: 200 }, () => Buffer.alloc(65_536, 'x'))))
  const raw = new Raw(t, await serve(app), '/plain', { connection: 'Upgrade, close' })
  raw.socket.pause()
  await new Promise(resolve => setTimeout(resolve, 50))
  raw.socket.resume()

  await raw.head()
  t.ok((await raw.rest()).length > 200 * 65_536)
})

t.test('what is no handshake is refused in aiohttp\'s words', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register((await import('../../../plugins/websockets/index.ts')).default)
  app.websocket('/', listen)
  const port = await serve(app)
  const cases: Array<[Record<string, string | undefined>, number, RegExp]> = [
    [{ 'sec-websocket-version': '8' }, 426, /^Unsupported version: 8$/],
    [{ 'sec-websocket-version': undefined }, 400, /^Unsupported version: $/],
    [{ host: undefined }, 400, /^Missing 'Host' header in request\.$/],
    [{ 'sec-websocket-key': undefined }, 400, /^Handshake error: None$/],
    [{ 'sec-websocket-key': 'short' }, 400, /^Handshake error: 'short'$/],
    [{ 'content-length': '5' }, 400, /^Handshake error: a body$/],
    [{ 'sec-websocket-protocol': ',,' }, 400, /Sec-WebSocket-Protocol/]
  ]
  for (const [changes, status, body] of cases) {
    const raw = new Raw(t, port, '/', { connection: 'Upgrade, close', ...changes })
    const head = await raw.head()
    t.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
    if (status === 426) t.match(head, /sec-websocket-version: 13/i)
    t.match(String(await raw.rest()), body)
  }
})

t.test('a list of protocols in Upgrade may hold others', async t => {
  const app = await buildApp(t)
  app.websocket('/', listen)
  const raw = new Raw(t, await serve(app), '/', { upgrade: 'h2c, WebSocket' })

  t.match(await raw.head(), /^HTTP\/1\.1 101 /)
})

t.test('an ordinary GET of a websocket route is 400', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register((await import('../../../plugins/websockets/index.ts')).default)
  app.websocket('/', listen)

  const response = await app.inject('/')
  t.equal(response.statusCode, 400)
  t.equal(response.body, 'No WebSocket UPGRADE hdr: None\n Can "Upgrade" only to "WebSocket".')
})

t.test('a request that asks for another protocol is an ordinary one, body included', async t => {
  const app = await buildApp(t)
  app.post('/', async request => request.body)
  const port = await serve(app)

  const request = httpRequest({
    port,
    method: 'POST',
    headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'content-type': 'text/plain', 'content-length': 4 }
  })
  request.end('body')
  const [response] = await once(request, 'response')
  t.equal(response.statusCode, 200)
  t.equal(String(Buffer.concat(await response.toArray())), 'body')
})

t.test('the first subprotocol of the client that the server knows is chosen', async t => {
  const app = await buildApp(t)
  app.websocket('/', { protocols: ['chat', 'superchat'] }, ws => ws.sendStr(String(ws.protocol)))
  const port = await serve(app)
  const client = await open(t, port, '/', ['other', 'superchat', 'chat'])
  const raw = new Raw(t, port, '/', { 'sec-websocket-protocol': 'other' })

  t.equal(await client.next(), 'superchat')
  t.equal(client.ws.protocol, 'superchat')
  t.notMatch(await raw.head(), /sec-websocket-protocol/i, '101 without a protocol')
})

t.test('an offer of compression that cannot be taken is declined', async t => {
  const app = await buildApp(t)
  app.websocket('/', listen)
  const port = await serve(app)

  for (const offer of ['permessage-deflate; server_max_window_bits=99', 'permessage-deflate; =']) {
    const head = await new Raw(t, port, '/', { 'sec-websocket-extensions': offer }).head()
    t.match(head, /^HTTP\/1\.1 101 /)
    t.notMatch(head, /sec-websocket-extensions/i)
  }
})

t.test('canPrepare() tells a handshake from other requests', async t => {
  const app = await buildApp(t)
  app.get('/', async request => {
    const ws = new WebSocketResponse({ protocols: ['chat'] })
    const { ok, protocol } = ws.canPrepare(request)
    if (!ok) return { ok, protocol }
    await ws.prepare(request)
    t.throws(() => ws.canPrepare(request), { code: 'AIO_ERR_WS_PREPARED' })
    await ws.prepare(request)
    await ws.sendStr(`ready ${protocol}`)
    return ws
  })
  const port = await serve(app)

  t.same((await app.inject('/')).json(), { ok: false, protocol: null })
  t.equal(await (await open(t, port, '/', ['chat'])).next(), 'ready chat')
})

t.test('headers set before prepare() are sent with the 101', async t => {
  const app = await buildApp(t)
  app.get('/', async request => {
    const ws = new WebSocketResponse()
    ws.headers.append('set-cookie', 'a=1')
    ws.headers.append('set-cookie', 'b=2')
    await ws.prepare(request)
    return ws
  })
  const raw = new Raw(t, await serve(app), '/')

  t.match(await raw.head(), /set-cookie: a=1\r\nset-cookie: b=2/)
})
