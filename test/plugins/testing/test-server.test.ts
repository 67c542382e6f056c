import { once } from 'node:events'
import { connect } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import signals from '../../../plugins/signals/index.ts'
import { rawServer, testClient, testServer, unusedPort, type TestContext } from '../../../plugins/testing/index.ts'
import { makeCertificate } from '../../certificate.ts'

t.test('testServer() serves an app with its whole lifecycle, until the test ends', async t => {
  const log: string[] = []
  const app = Fastify()
  await app.register(signals)
  app.cleanupContext(async function * database () {
    log.push('open')
    yield
    log.push('close')
  })
  app.get('/users', async () => log.join())

  await t.test('in here', async t => {
    const server = await testServer(t, app)
    t.equal(server.makeUrl('/users?page=1'), `http://127.0.0.1:${server.port}/users?page=1`)
    t.equal(server.app, app)
    t.equal(server.closed, false)
    t.equal(await (await fetch(server.makeUrl('users'))).text(), 'open')
  })

  t.same(log, ['open', 'close'])
})

t.test('without a test context it is closed by close(), which may come twice, or by await using', async t => {
  const first = Fastify()
  const server = await testServer(first)
  await Promise.all([server.close(), server.close()])
  await server.close()
  t.equal(server.closed, true)
  await t.rejects(fetch(server.makeUrl('/')))

  let kept
  {
    await using server = await testServer(Fastify())
    kept = server
    t.equal((await fetch(server.makeUrl('/'))).status, 404)
  }
  t.equal(kept.closed, true)
})

t.test('servers are closed the newest first, with tap and with after(), also when one of them fails', async t => {
  for (const kind of ['teardown', 'after'] as const) {
    const log: string[] = []
    const ends: (() => Promise<void>)[] = []
    const context = { [kind]: (end: () => Promise<void>) => { ends.push(end) } } as unknown as TestContext
    for (const name of ['a', 'b', 'c']) {
      const app = Fastify()
      app.addHook('onClose', async () => {
        log.push(name)
        if (name === 'b') throw new Error('b fails')
      })
      await testServer(context, app)
    }

    const inOrder = kind === 'teardown' ? ends.toReversed() : ends
    const results = []
    for (const end of inOrder) results.push(...await Promise.allSettled([end()]))

    t.same(log, ['c', 'b', 'a'], kind)
    t.match(results.find(({ status }) => status === 'rejected'), { reason: { message: 'b fails' } })
  }
})

t.test('a failing startup is the error of the test, and what had started is left again', async t => {
  const log: string[] = []
  const app = Fastify()
  await app.register(signals)
  app.cleanupContext(async function * database () {
    log.push('open')
    yield
    log.push('close')
  })
  app.onStartup(async () => { throw new Error('no schema') })

  await t.rejects(testServer(t, app), { message: 'no schema' })
  t.same(log, ['open', 'close'])

  const port = await unusedPort()
  await testServer(t, Fastify(), { port })
  await t.rejects(testServer(t, Fastify(), { port }), { code: 'EADDRINUSE' })
})

t.test('what cannot be served is refused, and says why', async t => {
  const listening = Fastify()
  t.teardown(() => listening.close())
  await listening.listen({ port: 0 })
  await t.rejects(testServer(t, listening), { code: 'AIO_ERR_TEST_APP', message: 'leave out app.listen()' })

  const served = Fastify()
  await testServer(t, served)
  await t.rejects(testServer(t, served), { code: 'AIO_ERR_TEST_APP', message: 'a new app for each server' })

  const closed = Fastify()
  await closed.close()
  await t.rejects(testServer(t, closed), { code: 'AIO_ERR_APP_CLOSED' })

  // @ts-expect-error a promise is no app
  await t.rejects(testServer(t, Promise.resolve(Fastify())), { code: 'AIO_ERR_ARGUMENT_INVALID', message: /awaited/ })
  // @ts-expect-error no app
  await t.rejects(testServer(t), { code: 'AIO_ERR_ARGUMENT_INVALID', message: 'second argument' })
  // @ts-expect-error nothing at all
  await t.rejects(testServer(), { code: 'AIO_ERR_ARGUMENT_INVALID', message: 'teardown() or after()' })
  // @ts-expect-error an unknown option
  await t.rejects(testServer(t, Fastify(), { prot: 1 }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  // @ts-expect-error an unknown option without a context
  await t.rejects(testServer(Fastify(), { prot: 1 }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await t.rejects(testServer(t, Fastify(), { runner: { shutdownTimeout: -1 } }), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('URLs of other servers are refused', async t => {
  const server = await testServer(t, Fastify())

  for (const url of ['http://127.0.0.1/', 'HTTPS://a/', '//a/b', '/\\a', ' http://a/', 'ws:a']) {
    t.throws(() => server.makeUrl(url), { code: 'AIO_ERR_TEST_URL' }, url)
  }
  t.equal(server.makeUrl('/at?to=http://a/'), `${server.origin}/at?to=http://a/`)
})

t.test('a test ends although a handler never does', async t => {
  const app = Fastify()
  const asked = new Promise<void>(resolve => {
    app.get('/', () => { resolve(); return new Promise(() => {}) })
  })
  const server = await testServer(app, { runner: { shutdownTimeout: 50, cancelTimeout: 10 } })
  const socket = connect(server.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
  const data = once(socket, 'data')
  await asked

  await server.close()

  t.match(String((await data)[0]), 'HTTP/1.1 503')
})

t.test('HTTPS, IPv6 and several apps side by side', async t => {
  const tls = makeCertificate(t.testdir())
  const secure = Fastify()
  secure.get('/', async request => request.protocol)
  const six = Fastify()
  six.get('/', async () => 'six')

  const client = await testClient(t, secure, { server: { tls } })
  const other = await testClient(t, six, { server: { host: '::1' } })

  t.equal(await (await client.get('/')).text(), 'https')
  t.match(client.makeUrl('/'), /^https:/)
  t.equal(await (await other.get('/')).text(), 'six')
  t.match(other.makeUrl('/'), /^http:\/\/\[::1\]:\d+\/$/)
})

t.test('rawServer() serves a listener, whose errors the client is told', async t => {
  const server = await rawServer(t, async ({ url }, response) => {
    if (url === '/late') {
      response.write('a')
      throw new Error('broke')
    }
    if (url === '/broken') throw new Error('broke')
    response.end('fine')
  })

  t.equal(server.app, undefined)
  t.equal(await (await fetch(server.makeUrl('/'))).text(), 'fine')
  const broken = await fetch(server.makeUrl('/broken'))
  t.equal(broken.status, 500)
  t.match(await broken.text(), /^Error: broke\n +at /)
  await t.rejects(fetch(server.makeUrl('/late')).then(response => response.text()))

  await using alone = await rawServer((_request, response) => { response.end('alone') })
  t.equal(await (await fetch(alone.makeUrl('/'))).text(), 'alone')
  // @ts-expect-error an app is for testServer()
  await t.rejects(rawServer(t, Fastify()), { code: 'AIO_ERR_ARGUMENT_INVALID' })
})

t.test('unusedPort() is a port to listen at', async t => {
  const port = await unusedPort()
  const server = await testServer(t, Fastify(), { port })
  t.equal(server.port, port)
  await t.rejects(unusedPort('203.0.113.1'), { code: 'EADDRNOTAVAIL' })
})
