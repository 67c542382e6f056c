/** What is refused before an app sees it, and how much of it there may be. */

import Fastify from 'fastify'
import t from 'tap'
import { AppRunner, ServerRunner, TCPSite, UnixSite, type HardeningOptions } from '../../../plugins/runner/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'
import { get, Raw, type Target } from '../../raw.ts'
import { createApp, crowd, start } from './hardening-helper.ts'

t.test('hardening is checked like other options', async t => {
  const app = Fastify()
  t.throws(() => new AppRunner(app, { hardening: { maxHeader: 1 } as HardeningOptions }), {
    code: 'AIO_ERR_OPTION_UNKNOWN'
  })
  for (const [key, value] of Object.entries({
    maxHeaders: 0,
    allowTrace: 'yes',
    headersTimeout: -1,
    requestTimeout: '1',
    sendTimeout: NaN,
    maxPipelined: 0,
    maxConnections: 1.5,
    maxConnectionsPerAddress: null
  })) {
    t.throws(() => new AppRunner(app, { hardening: { [key]: value } }), { code: 'AIO_ERR_OPTION_INVALID' }, key)
  }
  t.throws(() => new AppRunner(app, { hardening: 'on' as never }), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('hardening: false leaves everything to Node', async t => {
  const { port } = await start(t, createApp(), false)
  const raw = await Raw.open(t, { port })

  raw.write('GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n')

  t.match(await raw.until(/hello$/), /^HTTP\/1.1 200 /)
})

t.test('options loosen what is refused', async t => {
  const app = Fastify()
  app.route({ method: 'TRACE', url: '/', handler: async () => 'traced' })
  const { port } = await start(t, app, { allowTrace: true, maxHeaders: 500 })
  const raw = await Raw.open(t, { port })

  raw.write(`TRACE / HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(499)}\r\n`)

  await raw.until(/traced$/)
})

t.test('a refusal is text, says that it closes, and reaches a client that is still sending', async t => {
  const { port } = await start(t, createApp(), true)
  const raw = await Raw.open(t, { port })

  raw.write(`POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(300_000)}`)
  await raw.until(/400: Bad Request$/)
  raw.write('x'.repeat(300_000))
  const { text, by } = await raw.ended

  t.equal(by, 'end')
  t.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/)
  t.match(text, /connection: close\r\n/i)
  t.match(text, /content-type: text\/plain; charset=utf-8\r\n/i)
})

t.test('a bare listener is kept from the same requests, over TLS and on Unix sockets too', async t => {
  let calls = 0
  const runner = new ServerRunner((_request, response) => {
    calls += 1
    response.end('hello')
  })
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const folder = shortFolder(t)
  const path = `${folder}/s`
  const secure = new TCPSite(runner, { host: '127.0.0.1', port: 0, tls: makeCertificate(folder) })
  await Promise.all([secure.start(), new UnixSite(runner, path).start()])

  for (const target of [{ port: secure.port ?? 0, tls: true }, { path }] satisfies Target[]) {
    const good = await Raw.open(t, target)
    good.write(get('/'))
    await good.until(/hello$/)
    for (const [text, status] of [['GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400], ['\0', 400]] as const) {
      const raw = await Raw.open(t, target)
      raw.write(text)
      t.match((await raw.ended).text, new RegExp(`^HTTP/1.1 ${status} `))
    }
  }
  t.equal(calls, 2)
})

t.test('the words of an app for parser errors stay its own', async t => {
  const app = Fastify({ clientErrorHandler (_error, socket) { socket.end('HTTP/1.1 418 Mine\r\n\r\n') } })
  const { port } = await start(t, app, true)
  const raw = await Raw.open(t, { port })

  raw.write('garbage\r\n\r\n')

  t.match((await raw.ended).text, /418 Mine/)
})

t.test('no more requests of a pipeline are in the app than allowed, and all are answered in order', async t => {
  const app = Fastify()
  let now = 0
  let most = 0
  app.get('/:id', async request => {
    now += 1
    most = Math.max(most, now)
    await new Promise(resolve => setImmediate(resolve))
    now -= 1
    return `<${(request.params as { id: string }).id}>`
  })
  const { port, runner } = await start(t, app, { maxPipelined: 4 })
  const raw = await Raw.open(t, { port })

  raw.write(Array.from({ length: 3000 }, (_, index) => get(`/${index}`)).join(''))
  await raw.until(/<2999>/)

  t.equal(most, 4)
  const order = Array.from(raw.text.matchAll(/<(\d+)>/g), ([, id]) => Number(id))
  t.same(order, Array.from({ length: 3000 }, (_, index) => index))
  raw.write(get('/after'))
  await raw.until(/<after>/)
  raw.write(Array.from({ length: 20 }, (_, index) => get(`/again${index}`)).join(''))
  await raw.until(/<again0>/)
  await runner.cleanup()
  t.match((await raw.ended).text, /<again19>$/, 'a shutdown lets those finish that wait')
})

t.test('connections from one address over the limit get 429, until others end', async t => {
  const { port, runner } = await start(t, createApp(), { maxConnectionsPerAddress: 2 })
  const [first] = await crowd(t, port, 2, get('/'))
  await first?.until(/hello/)

  const third = await Raw.open(t, { port })
  t.match((await third.ended).text, /^HTTP\/1\.1 429 Too Many Requests\r\n/)

  first?.socket.destroy()
  while (runner.connections.size > 1) await new Promise(resolve => setImmediate(resolve))
  const fourth = await Raw.open(t, { port })
  fourth.write(get('/'))
  await fourth.until(/hello/)
})

t.test('connections over the limit get 503', async t => {
  const { port } = await start(t, createApp(), { maxConnections: 2 })
  const kept = await crowd(t, port, 2, get('/'))
  for (const raw of kept) await raw.until(/hello/)

  const third = await Raw.open(t, { port })
  t.match((await third.ended).text, /^HTTP\/1\.1 503 Service Unavailable\r\n/)
})
