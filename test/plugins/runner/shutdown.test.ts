/** What each kind of connection sees of a shutdown, on every kind of site. */

import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import {
  AppRunner, TCPSite, UnixSite, type Phase, type RunnerLog, type RunnerOptions
} from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'
import { get, Raw, type Target } from '../../raw.ts'

/** Routes that take their time, and gates that tests open. */
function createApp () {
  const app = Fastify({ bodyLimit: 1024 })
  const arrived: string[] = []
  let open = () => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  app.get('/', async () => 'hello')
  app.get('/gate/:name', async request => {
    arrived.push((request.params as { name: string }).name)
    await gate
    return 'through the gate'
  })
  app.get('/never', (request, reply) => {
    request.signal.addEventListener('abort', () => arrived.push('aborted'))
    return reply.raw.once('close', () => {}) && undefined
  })
  app.get('/endless', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    reply.raw.write('data: one\n\n')
  })
  app.post('/body', async request => `${String(request.body).length} bytes`)
  return { app, arrived, open }
}

/** A runner that logs into a list. */
async function start (t: Test, app: FastifyInstance, options: RunnerOptions = {}) {
  const warnings: string[] = []
  const log: RunnerLog = { info () {}, warn: text => { warnings.push(text) }, error () {} }
  const phases: Phase[] = []
  const reached = new Map<Phase, () => void>()
  const runner = new AppRunner(app, {
    shutdownTimeout: 1000,
    log,
    ...options,
    onPhase (phase) {
      phases.push(phase)
      reached.get(phase)?.()
    }
  })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  /** Resolves at the beginning of a phase. */
  const enter = (phase: Phase) => new Promise<void>(resolve => { reached.set(phase, resolve) })
  return { runner, warnings, phases, enter }
}

async function startSites (t: Test, runner: AppRunner): Promise<Record<string, Target>> {
  const folder = shortFolder(t)
  const first = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  const second = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  const secure = new TCPSite(runner, { host: '127.0.0.1', port: 0, tls: makeCertificate(folder) })
  const path = join(folder, 's')
  const unix = new UnixSite(runner, path)
  for (const site of [first, second, secure, unix]) await site.start()
  return {
    TCP: { port: first.port },
    'a second TCP port': { port: second.port },
    TLS: { port: secure.port, tls: true },
    'a Unix socket': { path }
  }
}

t.test('each kind of connection ends as promised, on all sites at once', async t => {
  const { app, arrived, open } = createApp()
  const { runner, warnings, enter } = await start(t, app)
  const targets = await startSites(t, runner)
  const notified = enter('drain')
  const checks: (() => Promise<void>)[] = []

  for (const [name, target] of Object.entries(targets)) {
    const raw = () => Raw.open(t, target)
    const silent = await raw()
    const idle = await raw()
    idle.write(get('/'))
    await idle.until(/hello$/)
    const late = await raw()
    late.write(get('/'))
    await late.until(/hello$/)
    const busy = await raw()
    busy.write(get(`/gate/${name.length}`))
    const never = await raw()
    never.write(get('/never'))
    const endless = await raw()
    endless.write(get('/endless'))
    await endless.until(/data: one/)
    const halfHead = await raw()
    halfHead.write('GET / HTTP/1.1\r\nHo')
    const halfHeadForEver = await raw()
    halfHeadForEver.write('GET / HTTP/1.1\r\nHo')
    const halfBody = await raw()
    const post = 'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab'
    halfBody.write(post)
    const halfBodyForEver = await raw()
    halfBodyForEver.write(post)
    const pipelined = await raw()
    pipelined.write(get('/gate/pipelined').repeat(3))

    checks.push(async () => {
      late.write(get('/'))
      halfHead.write('st: x\r\n\r\n')
      halfBody.write('cd')
      const answer = (await late.ended).text.split('HTTP/1.1').at(-1)
      t.match(answer, /^ 200[^]*connection: close[^]*hello$/i, `${name}: a late request is served`)
      t.match((await halfHead.ended).text, /^HTTP\/1.1 200[^]*connection: close/i, `${name}: half a head, completed`)
      t.match((await halfBody.ended).text, /^HTTP\/1.1 200[^]*connection: close[^]*4 bytes$/i,
        `${name}: half a body, completed`)
      t.match((await busy.ended).text, /^HTTP\/1.1 200[^]*connection: close[^]*through the gate$/i,
        `${name}: a request in flight is answered`)
      const answers = (await pipelined.ended).text.split('HTTP/1.1').slice(1)
      t.same(answers.map(text => text.slice(1, 4)), ['200', '200', '200'], `${name}: a whole pipeline is answered`)
      t.same(answers.map(text => /connection: close/i.test(text)), [false, false, true],
        `${name}: only its last answer closes`)
      t.same(await idle.ended.then(({ by }) => by), 'end', `${name}: an idle connection gets a FIN`)
      t.same(await silent.ended, { text: '', by: 'end' }, `${name}: a silent connection gets a FIN`)
      t.match((await never.ended).text, /^HTTP\/1.1 503[^]*retry-after[^]*connection: close/i,
        `${name}: an unanswered request gets 503`)
      t.notMatch((await endless.ended).text, /\r\n0\r\n\r\n$/, `${name}: a cut stream does not look complete`)
      t.match((await halfHeadForEver.ended).text, /^HTTP\/1.1 408[^]*connection: close/i, `${name}: half a head is 408`)
      t.match((await halfBodyForEver.ended).text, /^HTTP\/1.1 503[^]*connection: close/i, `${name}: half a body is 503`)
    })
  }
  await new Promise(resolve => setImmediate(resolve))
  while (arrived.length < 16) await new Promise(resolve => setImmediate(resolve))

  const begin = performance.now()
  const closed = runner.cleanup()
  await notified
  const refused = await Promise.all(Object.entries(targets).map(([name, target]) =>
    Raw.open(t, target).then(() => `${name} accepted`, (error: NodeJS.ErrnoException) => error.code)))
  t.same(refused, ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'ENOENT'], 'new connections are refused')
  setImmediate(open)
  await Promise.all(checks.map(check => check()))
  await closed
  const took = performance.now() - begin

  t.ok(took < 2500, `took ${Math.round(took)} ms`)
  t.equal(arrived.filter(name => name === 'aborted').length, 4, 'request.signal aborted for each unanswered request')
  t.equal(warnings.length, 1)
  t.match(warnings[0], /12 requests, 4 half-sent requests still open after 1000 ms/)
  t.match(warnings[0], /request GET \/never from 127.0.0.1, for \d+ ms/)
  t.match(warnings[0], /request POST \/body from 127.0.0.1, its body half received, for \d+ ms/)
  t.match(warnings[0], /half-sent request from 127.0.0.1, for \d+ ms/)
})

t.test('a TLS socket that never says hello does not hold the shutdown up', async t => {
  const { app } = createApp()
  const { runner, warnings } = await start(t, app, { shutdownTimeout: 5000 })
  const { TLS } = await startSites(t, runner)
  const mute = await Raw.open(t, { port: (TLS as { port: number }).port })

  const begin = performance.now()
  await runner.cleanup()

  t.ok(performance.now() - begin < 1500)
  t.same(warnings, [])
  t.equal((await mute.ended).text, '')
})

t.test('large answers to slow readers arrive whole, or visibly cut at the deadline', async t => {
  const body = randomBytes(1024 * 1024)
  const sha = createHash('sha256').update(body).digest('hex')
  const variants = [{ shutdownTimeout: 10_000, complete: true }, { shutdownTimeout: 200, complete: false }]
  for (const { shutdownTimeout, complete } of variants) {
    const app = Fastify()
    const waiting = new Set<object>()
    let open = () => {}
    const gate = new Promise<void>(resolve => { open = resolve })
    app.get('/', () => Readable.from((async function * () {
      yield body.subarray(0, body.length / 2)
      waiting.add({})
      await gate
      yield body.subarray(body.length / 2)
    })()))
    const { runner } = await start(t, app, { shutdownTimeout })
    const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
    await site.start()
    const downloads = Array.from({ length: 100 }, async () => {
      const response = await fetch(`http://127.0.0.1:${site.port}/`)
      return createHash('sha256').update(new Uint8Array(await response.arrayBuffer())).digest('hex')
    })
    const results = Promise.allSettled(downloads)
    while (waiting.size < 100) await new Promise(resolve => setImmediate(resolve))

    const closed = runner.cleanup()
    if (complete) open()
    const seen = await results
    await closed
    open()

    t.equal(seen.filter(({ status }) => status === (complete ? 'fulfilled' : 'rejected')).length, 100)
    if (complete) t.ok(seen.every(result => result.status === 'fulfilled' && result.value === sha))
  }
})

t.test('websockets of a plain @fastify/websocket get 1001 on every site, and time to answer', async t => {
  const app = Fastify()
  await app.register(websocket)
  app.get('/echo', { websocket: true }, socket => { socket.on('message', data => socket.send(String(data))) })
  const { runner } = await start(t, app)
  const targets = await startSites(t, runner)
  const sockets = Object.values(targets).map(target => 'path' in target
    ? new WebSocket(`ws+unix:${target.path}:/echo`)
    : new WebSocket(`${target.tls === true ? 'wss' : 'ws'}://127.0.0.1:${target.port}/echo`, { rejectUnauthorized: false }))
  t.teardown(() => sockets.forEach(socket => socket.terminate()))
  const said = await Promise.all(sockets.map(socket => new Promise<string>((resolve, reject) => {
    socket.on('open', () => socket.send('hello'))
    socket.on('message', data => resolve(String(data)))
    socket.on('error', reject)
  })))
  const codes = Promise.all(sockets.map(socket => new Promise<number>(resolve => socket.on('close', resolve))))

  await runner.cleanup()

  t.same(said, ['hello', 'hello', 'hello', 'hello'])
  t.same(await codes, [1001, 1001, 1001, 1001])
})

t.test('phases come in order; hurry() skips the waiting and never the cleanup', async t => {
  const { app } = createApp()
  const closed: string[] = []
  app.addHook('onClose', async () => { closed.push('closed') })
  const { runner, phases, enter } = await start(t, app, { shutdownTimeout: 60_000, shutdownDelay: 60_000 })
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const never = await Raw.open(t, { port: site.port })
  never.write(get('/never'))
  const lame = enter('lame')

  const cleanup = runner.cleanup()
  await lame
  t.equal(await (await fetch(`http://127.0.0.1:${site.port}/`)).text(), 'hello', 'a lame server still serves')
  t.equal(runner.hurry(), cleanup)
  await cleanup

  t.same(phases, ['lame', 'unlisten', 'notify', 'drain', 'cancel', 'kill', 'cleanup', 'closed'])
  t.match((await never.ended).text, /^HTTP\/1.1 503/)
  t.same(closed, ['closed'])
  t.equal(runner.phase, 'closed')
})

t.test('a response that says keep-alive before the shutdown leaves its connection a last request', async t => {
  const { app } = createApp()
  const { runner, enter } = await start(t, app, { idleGrace: 60_000, shutdownTimeout: 5000 })
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const raw = await Raw.open(t, { port: site.port })
  raw.write(get('/'))
  await raw.until(/hello$/)
  const draining = enter('drain')

  const closed = runner.cleanup()
  await draining
  raw.write(get('/'))
  const { text, by } = await raw.ended
  await closed

  t.match(text, /connection: keep-alive[^]*connection: close/i)
  t.equal(by, 'end')
})

t.test('an onShutdown receiver that never ends is named and left behind at the deadline, and cleanup still runs', async t => {
  const { app } = createApp()
  const log: string[] = []
  await app.register(signals)
  app.onShutdown(function stuck () { return new Promise(() => {}) })
  app.onShutdown(function next () { log.push('next') })
  app.cleanupContext(async function * context () {
    yield
    log.push('left')
  })
  const { runner, warnings } = await start(t, app, { shutdownTimeout: 300 })
  const begin = performance.now()

  await t.rejects(runner.cleanup(), { code: 'AIO_ERR_HOOK_TIMEOUT' })

  t.ok(performance.now() - begin < 300 + 250)
  t.same(log, ['next', 'left'])
  t.match(warnings[0], /gave up waiting for the onShutdown receiver "stuck"/)
})

t.test('app.close() stops the sites of a runner too, in the same order', async t => {
  const { app, arrived, open } = createApp()
  const log: string[] = []
  await app.register(signals)
  app.onShutdown(() => { log.push('shutdown') })
  app.onCleanup(() => { log.push('cleanup') })
  const { runner, phases } = await start(t, app)
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const busy = await Raw.open(t, { port: site.port })
  busy.write(get('/gate/busy'))
  while (arrived.length < 1) await new Promise(resolve => setImmediate(resolve))

  const closed = app.close()
  open()
  await closed
  await runner.cleanup()

  t.match((await busy.ended).text, /^HTTP\/1.1 200[^]*through the gate$/)
  t.same(log, ['shutdown', 'cleanup'])
  t.equal(phases.at(-1), 'closed')
  await t.rejects(Raw.open(t, { port: site.port }), { code: 'ECONNREFUSED' })
})
