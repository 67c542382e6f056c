import Fastify from 'fastify'
import t from 'tap'
import { CookieJar } from '../../../plugins/client-session/index.ts'
import exceptions, { HTTPFound } from '../../../plugins/exceptions/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { mockClient, rawServer, testClient, testServer } from '../../../plugins/testing/index.ts'
import websockets from '../../../plugins/websockets/index.ts'

t.test('every method, relative to the server', async t => {
  const app = Fastify()
  app.all('/echo', async request => `${request.method} ${request.url}`)
  const client = await testClient(t, app)

  for (const method of ['get', 'options', 'post', 'put', 'patch', 'delete'] as const) {
    const body = ['post', 'put', 'patch'].includes(method) ? { json: {} } : {}
    t.equal(await (await client[method]('/echo', body)).text(), `${method.toUpperCase()} /echo`)
  }
  t.equal((await client.head('/echo')).status, 200)
  t.equal(await (await client.request('GET', 'echo?a=1', { params: { b: 2 } })).text(), 'GET /echo?a=1&b=2')
  t.equal((await client.post('/echo', { json: { a: 1 }, headers: { 'X-A': '1' } })).status, 200)
  t.equal(client.makeUrl('/echo'), `http://${client.host}:${client.port}/echo`)
  t.equal(client.server.app, app)
})

t.test('cookies are kept, although the host is an address; redirects are followed', async t => {
  const app = Fastify()
  await app.register(exceptions)
  app.get('/login', async (_request, reply) => {
    reply.header('Set-Cookie', 'user=ann; Path=/; HttpOnly')
    throw new HTTPFound('/me')
  })
  app.get('/me', async request => request.headers.cookie ?? 'nobody')
  const client = await testClient(t, app)

  t.equal(await (await client.get('/me')).text(), 'nobody')
  t.equal(await (await client.get('/login')).text(), 'user=ann')
  t.equal((await client.get('/login', { allowRedirects: false })).status, 302)

  const forgetful = await testClient(t, client.server, { cookieJar: new CookieJar() })
  await forgetful.get('/login')
  t.equal(await (await forgetful.get('/me')).text(), 'nobody')
})

t.test('URLs of other servers are refused, also for websockets', async t => {
  const client = await testClient(t, Fastify())

  await t.rejects(client.get('http://127.0.0.1/'), { code: 'AIO_ERR_TEST_URL', message: 'ClientSession of your own' })
  await t.rejects(client.wsConnect('ws://127.0.0.1/'), { code: 'AIO_ERR_TEST_URL' })
  // @ts-expect-error no path
  await t.rejects(client.get(), { code: 'AIO_ERR_TEST_URL' })
})

t.test('nothing is sent twice', async t => {
  let asked = 0
  const server = await rawServer(t, request => { asked++; request.socket.destroy() })
  const client = await testClient(t, server)

  await t.rejects(client.get('/'))

  t.equal(asked, 1)
})

t.test('the end closes websockets, unread responses and the server, in this order', async t => {
  const log: string[] = []
  const app = Fastify()
  await app.register(signals)
  await app.register(websockets)
  app.onCleanup(async () => { log.push('cleanup') })
  app.websocket('/ws', async ws => {
    for await (const message of ws) await ws.sendStr(String(message.data).toUpperCase())
    log.push(`websocket ${ws.closeCode}`)
  })
  app.get('/endless', (_request, reply) => {
    reply.raw.writeHead(200).write('a')
    reply.raw.on('close', () => log.push('response'))
  })

  await t.test('in here', async t => {
    const client = await testClient(t, app)
    const ws = await client.wsConnect('/ws')
    await ws.sendStr('hello')
    t.equal(await ws.receiveStr(), 'HELLO')
    t.equal((await client.get('/endless')).status, 200)
  })

  t.same(log, ['websocket 1000', 'response', 'cleanup'])
})

t.test('a client leaves the server it was given to its giver; it is closed once', async t => {
  const app = Fastify()
  app.get('/', async () => 'here')
  await using server = await testServer(app)
  {
    await using client = await testClient(server)
    t.equal(await (await client.get('/')).text(), 'here')
    await Promise.all([client.close(), client.close()])
    t.equal(client.closed, true)
    await t.rejects(client.get('/'), { code: 'AIO_ERR_CLIENT_CLOSED' })
  }
  const client = await testClient(t, server)
  t.equal(await (await client.get('/')).text(), 'here')

  await t.rejects(testClient(t, server, { server: { port: 1 } }), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('a wrong option of the session closes the server that was made for it', async t => {
  const app = Fastify()
  const closed = new Promise<void>(resolve => { app.addHook('onClose', async () => resolve()) })
  // @ts-expect-error an unknown option
  await t.rejects(testClient(t, app, { timeuot: 1 }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await closed
  // @ts-expect-error the base URL is the server's
  await t.rejects(testClient(t, Fastify(), { baseUrl: 'http://a/' }), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('options of the session: headers, middlewares, fakes', async t => {
  const app = Fastify()
  app.get('/', async request => request.headers['x-user'])
  const mock = mockClient().passthrough('127.0.0.1')
  const client = await testClient(t, app, { headers: { 'X-User': 'ann' }, middlewares: [mock.middleware] })

  t.equal(await (await client.get('/')).text(), 'ann')
  t.equal(mock.requests[0]?.url, client.makeUrl('/'))
})

t.test('a request under way fails when its client is closed', async t => {
  const app = Fastify()
  const asked = new Promise<void>(resolve => {
    app.get('/', () => { resolve(); return new Promise(() => {}) })
  })
  const client = await testClient(app, { server: { runner: { shutdownTimeout: 20, cancelTimeout: 10 } } })
  const under = t.rejects(client.get('/'), { name: 'ClientConnectionError' })
  await asked

  await client.close()

  await under
})
