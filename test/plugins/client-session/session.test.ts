import { readFileSync } from 'node:fs'
import net, { type AddressInfo, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import {
  ClientSession, ClientConnectorError, ClientResponseError, TcpConnector, TimeoutError, request
} from '../../../plugins/client-session/index.ts'
import { openSession, serve, speak } from './helper.ts'

t.test('a session sends JSON and reads JSON over one connection', async t => {
  const origin = await serve(t, (req, res) => {
    res.setHeader('content-type', 'application/json')
    req.pipe(res)
  })
  const session = openSession(t)

  for (const value of [{ a: 'é' }, [1, 2], 'text']) {
    const response = await session.post(origin, { json: value })
    t.same(await response.json(), value)
  }
  t.match(session.connector?.stats, { opened: 1, reused: 2, used: 0, idle: 1 })
})

t.test('a closed session takes no more requests', async t => {
  const session = new ClientSession()
  await session.close()
  await session.close()

  t.ok(session.closed)
  await t.rejects(session.get('http://127.0.0.1/'), { code: 'AIO_ERR_CLIENT_CLOSED' })
})

t.test('await using closes a session', async t => {
  let kept: ClientSession
  {
    await using session = new ClientSession()
    kept = session
  }
  t.ok(kept.closed)
})

t.test('misspelt options, bad methods and bad headers are refused before anything is sent', async t => {
  const session = openSession(t)

  await t.rejects(session.get('http://127.0.0.1/', { header: {} } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await t.rejects(session.request('G T', 'http://127.0.0.1/'), { code: 'AIO_ERR_CLIENT_METHOD' })
  await t.rejects(session.get('http://127.0.0.1/', { headers: { 'X-A': 'a\r\nX-B: b' } }), { code: 'AIO_ERR_HEADER_VALUE' })
  await t.rejects(session.get('http://127.0.0.1/', { timeout: -1 }), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => new ClientSession({ timeout: 5 } as never), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => new ClientSession({ baseUrl: 'http://a/b' }), { code: 'AIO_ERR_CLIENT_BASE_URL' })
})

t.test('errors know their request and their cause', async t => {
  const { origin } = await speak(t, (_request, socket) => socket.end('HTTP/1.1 404 Gone fishing\r\nContent-Length: 0\r\n\r\n'))
  const session = openSession(t)

  const refused = await session.get('http://127.0.0.1:1/x').catch((error: unknown) => error)
  t.ok(refused instanceof ClientConnectorError)
  t.match(refused, { method: 'GET', url: 'http://127.0.0.1:1/x', code: 'ECONNREFUSED', host: '127.0.0.1', port: 1 })
  const error = await session.get(`${origin}/y`, { raiseForStatus: true }).catch((error: unknown) => error)
  t.ok(error instanceof ClientResponseError)
  t.match(error, { status: 404, reason: 'Gone fishing', method: 'GET', url: `${origin}/y` })
})

t.test('a child has other defaults over the same connections and cookies', async t => {
  const seen: unknown[] = []
  const origin = await serve(t, (req, res) => {
    seen.push([req.headers['x-a'], req.headers['x-b'], req.headers.cookie])
    res.end()
  })
  const session = openSession(t, { headers: { 'X-A': 'parent', 'X-B': 'parent' }, cookies: { c: '1' } })
  const child = session.child({ headers: { 'X-B': 'child' } })

  await (await session.get(origin)).read()
  await (await child.get(origin)).read()
  await child.close()
  t.notOk(session.closed)
  t.same(seen, [['parent', 'parent', 'c=1'], ['parent', 'child', 'c=1']])
  t.equal(session.connector?.stats.opened, 1)
})

t.test('a signal ends a request, also while its body is read', async t => {
  const { origin } = await speak(t, (request, socket) => {
    if (request.startsWith('GET /body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab')
  })
  const session = openSession(t)

  const early = new AbortController()
  const waiting = session.get(`${origin}/head`, { signal: early.signal })
  early.abort()
  await t.rejects(waiting, { name: 'AbortError' })
  await t.rejects(session.get(origin, { signal: early.signal }), { name: 'AbortError' })

  const late = new AbortController()
  const response = await session.get(`${origin}/body`, { signal: late.signal })
  late.abort(new Error('changed my mind'))
  await t.rejects(response.read(), { message: 'changed my mind' })
  t.equal(session.connector?.stats.used, 0)
})

t.test('a session says who it is, with the version of the package', async t => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  const origin = await serve(t, (request, response) => { response.end(request.headers['user-agent']) })
  const agent = await (await openSession(t).get(origin)).text()
  t.equal(agent, `fastify-aiohttp/${version} Node.js/${process.versions.node}`)
})

t.test('each limit has its error', async t => {
  const { origin } = await speak(t, (request, socket) => {
    if (request.startsWith('GET /body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab')
  })
  const session = openSession(t)

  await t.rejects(session.get(origin, { timeout: 20 }), TimeoutError)
  await t.rejects(session.get(origin, { timeout: { socketRead: 20 } }), { name: 'SocketTimeoutError' })
  await t.rejects(session.get(origin, { timeout: { idle: 20 } }), { name: 'SocketTimeoutError' })
  const response = await session.get(`${origin}/body`, { timeout: { total: 500 } })
  await t.rejects(response.text(), { name: 'TimeoutError' })
  const stalled = await session.get(`${origin}/body`, { timeout: { socketRead: 20 } })
  await t.rejects(stalled.text(), { name: 'SocketTimeoutError' })
})

t.test('a server that takes nothing of a body runs into the limit on writing', async t => {
  const server = net.createServer({ pauseOnConnect: true }, socket => {
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const session = openSession(t)

  await t.rejects(session.post(`http://127.0.0.1:${port}/`, {
    data: Buffer.alloc(64 * 1024 * 1024), timeout: { write: 100 }
  }), { name: 'SocketTimeoutError', message: /writing/ })
})

t.test('requests beyond the limit wait in order, and a place is given on when one fails', async t => {
  const order: string[] = []
  const { origin, connections } = await speak(t, (request, socket) => {
    const path = request.split(' ')[1] ?? ''
    order.push(path)
    if (path === '/2') socket.resetAndDestroy()
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const session = openSession(t, { connector: new TcpConnector({ limit: 1 }), retry: false })

  const results = await Promise.allSettled([1, 2, 3, 4].map(async n =>
    await (await session.get(`${origin}/${n}`)).text()))
  t.same(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  t.same(order, ['/1', '/2', '/3', '/4'])
  t.equal(connections(), 2)
})

t.test('a kept connection the server has closed meanwhile is found out: even a POST goes over another one', async t => {
  let last: Socket | undefined
  const { origin, connections } = await speak(t, (_request, socket) => {
    last = socket
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  })
  const session = openSession(t)

  await (await session.get(origin)).text()
  for (let n = 0; n < 5; n++) {
    await new Promise<void>(resolve => last?.end(resolve))
    await setImmediate()
    t.equal(await (await session.post(origin, { data: 'x' })).text(), 'ok')
  }
  t.equal(connections(), 6)
})

t.test('a POST is never sent twice, although its connection breaks', async t => {
  let posts = 0
  const { origin } = await speak(t, (request, socket) => {
    if (request.startsWith('POST')) posts++
    if (request.startsWith('POST')) socket.destroy()
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
  const session = openSession(t, { retry: {} })

  await (await session.get(origin)).read()
  await t.rejects(session.post(origin, { data: 'x' }), { name: 'ServerDisconnectedError' })
  t.equal(posts, 1)
})

t.test('request() is a session for one request', async t => {
  const origin = await serve(t, (_req, res) => res.end('once'))

  const response = await request('GET', origin)
  t.equal(await response.text(), 'once')
  t.equal(response.connection, null)
})
