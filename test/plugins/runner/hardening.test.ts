/** Limits of time and number under a runner, with clients that are slow, silent, greedy, or do not read. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import {
  AppRunner, ServerRunner, TCPSite, UnixSite, type HardeningOptions, type RunnerOptions
} from '../../../plugins/runner/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'
import { get, Raw, type Target } from '../../raw.ts'

// More than the system takes for a client that does not read: 5 MB may fit into its buffers.
const large = Buffer.alloc(16 * 2 ** 20, 'x')

const halfHead = 'GET / HTTP/1.1\r\nHost: x\r\n'
const halfBody = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhalf'

function createApp () {
  const app = Fastify()
  app.get('/', async () => 'hello')
  app.get('/large', async () => large)
  app.get('/stream', async () => Readable.from(Array.from({ length: 256 }, () => large.subarray(0, 65_536))))
  app.post('/', async request => String(request.body))
  return app
}

async function start (
  t: Test, app: FastifyInstance, hardening: boolean | HardeningOptions, options: RunnerOptions = {}
) {
  const runner = new AppRunner(app, { shutdownTimeout: 2000, ...options, hardening })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return { runner, port: site.port ?? 0 }
}

/** Many connections that have sent something. */
async function crowd (t: Test, port: number, count: number, text: string): Promise<Raw[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const raw = await Raw.open(t, { port })
    raw.write(text)
    return raw
  }))
}

/** A client that asks and never reads. */
async function deaf (t: Test, target: { port: number } | { path: string }, text: string): Promise<Socket> {
  const socket = connect(target)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  socket.write(text)
  return socket
}

/** Resolves when the runner has no connection left. */
async function emptied (runner: AppRunner): Promise<void> {
  while (runner.connections.size > 0) await new Promise(resolve => setTimeout(resolve, 10))
}

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

t.test('slow heads, slow bodies and silent connections are answered with 408 at the limits', async t => {
  const { port, runner } = await start(t, createApp(), { headersTimeout: 300, requestTimeout: 600 })
  const begin = performance.now()

  const heads = await crowd(t, port, 100, halfHead)
  const bodies = await crowd(t, port, 100, halfBody)
  const silent = await crowd(t, port, 100, '')
  const drip = setInterval(() => { for (const raw of [...heads, ...bodies]) raw.socket.writable && raw.write('a') }, 200)
  t.teardown(() => clearInterval(drip))
  const probe = await Raw.open(t, { port })
  const asked = performance.now()
  probe.write(get('/'))
  await probe.until(/hello$/)

  t.ok(performance.now() - asked < 500, 'others are served meanwhile')
  probe.socket.destroy()
  for (const raw of [...heads, ...bodies, ...silent]) {
    const { text } = await raw.ended
    if (!/^HTTP\/1\.1 408 /.test(text)) t.fail(`not 408: ${text}`)
  }
  t.ok(performance.now() - begin < 3000, 'all gone at the limits')
  await emptied(runner)
})

t.test('the limits of time hold while a runner drains', async t => {
  const limits = { headersTimeout: 300, requestTimeout: 300 }
  const { port, runner } = await start(t, createApp(), limits, { shutdownTimeout: 20_000 })
  const heads = await crowd(t, port, 5, halfHead)
  const bodies = await crowd(t, port, 5, halfBody)
  while (runner.inspect().connections.counts.reading !== 5 || runner.inspect().connections.counts.busy !== 5) {
    await new Promise(resolve => setImmediate(resolve))
  }
  const begin = performance.now()

  await runner.cleanup()

  t.ok(performance.now() - begin < 5000)
  for (const raw of [...heads, ...bodies]) t.match((await raw.ended).text, /^HTTP\/1\.1 408 /)
})

t.test('clients that do not read are cut, and fill no memory meanwhile', { timeout: 60_000 }, async t => {
  const { port, runner } = await start(t, createApp(), { sendTimeout: 600 })
  const before = process.memoryUsage().rss
  await Promise.all(Array.from({ length: 50 }, () => deaf(t, { port }, get('/large'))))
  await Promise.all(Array.from({ length: 50 }, () => deaf(t, { port }, get('/stream'))))
  while (runner.connections.accepted < 100) await new Promise(resolve => setImmediate(resolve))

  const probe = await Raw.open(t, { port })
  const asked = performance.now()
  probe.write(get('/'))
  await probe.until(/hello$/)
  t.ok(performance.now() - asked < 1000, 'others are served meanwhile')
  t.ok(process.memoryUsage().rss - before < 150 * 2 ** 20, 'bounded memory')
  probe.socket.destroy()

  const begin = performance.now()
  await emptied(runner)
  t.ok(performance.now() - begin < 3000, 'all gone at the limit')
})

t.test('clients that do not read are cut over TLS, on Unix sockets and while a runner drains', async t => {
  const { runner, port } = await start(t, createApp(), { sendTimeout: 300 }, { shutdownTimeout: 20_000 })
  const folder = shortFolder(t)
  const path = `${folder}/s`
  const secure = new TCPSite(runner, { host: '127.0.0.1', port: 0, tls: makeCertificate(folder) })
  await Promise.all([secure.start(), new UnixSite(runner, path).start()])
  const raw = await Raw.open(t, { port: secure.port ?? 0, tls: true })
  raw.write(get('/large'))
  await raw.until(/xxx/)
  raw.socket.pause()
  await deaf(t, { path }, get('/large'))
  await deaf(t, { port }, get('/large'))
  const begin = performance.now()

  await emptied(runner)
  t.ok(performance.now() - begin < 3000)

  await deaf(t, { port }, get('/large'))
  const again = performance.now()
  while (runner.connections.size === 0) await new Promise(resolve => setImmediate(resolve))
  await runner.cleanup()
  t.ok(performance.now() - again < 5000, 'also while it drains')
})

t.test('a client that reads slowly but does read is left alone', async t => {
  const { port } = await start(t, createApp(), { sendTimeout: 800 })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = 0
  const done = new Promise<void>((resolve, reject) => {
    socket.on('data', (piece: Buffer) => {
      received += piece.length
      if (received > large.length) resolve()
      if (received > large.length) return
      socket.pause()
      setTimeout(() => socket.resume(), 5)
    })
    socket.on('close', () => reject(new Error(`cut after ${received} bytes`)))
  })
  const begin = performance.now()
  socket.write(get('/large'))

  await t.resolves(done)
  t.ok(performance.now() - begin > 800, 'it took longer than the limit')
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
