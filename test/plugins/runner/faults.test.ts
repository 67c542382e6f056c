/** Clients that break off, sites that cannot listen, a process without descriptors: what must survive it. */

import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import exceptions from '../../../plugins/exceptions/index.ts'
import { AppRunner, runApp, TCPSite, type RunAppOptions, type RunnerOptions } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import websockets, { WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { bundleFixture } from '../../bundle.ts'
import { shortFolder } from '../../helper.ts'
import { get, Raw } from '../../raw.ts'

/** How many connections of each kind, and how many cycles; more on demand. */
const count = Number(process.env.TEST_FAULTS ?? 20)

const warnings: string[] = []
const log = { info () {}, warn (text: string) { warnings.push(text) }, error () {} }
/** The close frame of 1001, in latin1. */
const goingAway = String.fromCharCode(0x03, 0xe9)
const handshake = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

async function serve (t: Test, app: FastifyInstance, options: RunnerOptions = {}) {
  const runner = new AppRunner(app, { shutdownTimeout: 5000, log, ...options })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return { runner, port: site.port }
}

/** An app with bodies in both directions and a websocket. */
async function createApp (): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(signals)
  await app.register(exceptions)
  await app.register(websockets)
  app.get('/', async () => 'hello')
  app.get('/large', async () => Buffer.alloc(8 << 20))
  app.post('/up', async () => 'got it')
  app.get('/chat', async request => {
    const ws = new WebSocketResponse({ timeout: 300 })
    await ws.prepare(request)
    await ws.receive()
    return ws
  })
  return app
}

/** Resets after a piece of a request, and after `wait` was seen. */
const breaks: { name: string, text: string, wait?: RegExp }[] = [
  { name: 'in the head', text: 'GET / HTTP/1.1\r\nHo' },
  { name: 'in the body', text: 'POST /up HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9999\r\n\r\nhalf' },
  { name: 'in the answer', text: get('/large'), wait: /200 OK/ },
  { name: 'in the handshake', text: get('/chat', handshake) },
  { name: 'as a websocket', text: get('/chat', handshake), wait: /101/ }
]

t.test(`${count} connections that are reset in each place leave nothing behind`, async t => {
  const { runner, port } = await serve(t, await createApp())
  const uncaught: unknown[] = []
  const note = (error: unknown) => { uncaught.push(error) }
  process.on('uncaughtException', note)
  t.teardown(() => process.off('uncaughtException', note))

  for (const { text, wait } of breaks) {
    await Promise.all(Array.from({ length: count }, async () => {
      const raw = await Raw.open(t, { port })
      raw.write(text)
      if (wait !== undefined) await raw.until(wait)
      raw.socket.resetAndDestroy()
    }))
  }

  t.equal(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text(), 'hello')
  while (runner.connections.size > 0) await sleep(5)
  t.same(runner.connections.abandoned, [])
  t.same(uncaught, [])
})

t.test('a client that closes its half after the request still gets the answer', async t => {
  const { port } = await serve(t, await createApp())
  const raw = await Raw.open(t, { port })
  raw.socket.end(get('/'))

  t.match((await raw.ended).text, /^HTTP\/1\.1 200 OK[^]*hello$/)
})

for (const cut of [false, true]) {
  t.test(`streams under way at the stop ${cut ? 'are seen to be cut at the deadline' : 'arrive byte for byte'}`, async t => {
    const chunk = randomBytes(16 << 10)
    const app = Fastify()
    app.get('/', async () => Readable.from((async function * () {
      for (let n = 0; n < 16; n += 1) {
        yield chunk
        await sleep(cut ? 200 : 10)
      }
    })()))
    const { runner, port } = await serve(t, app, { shutdownTimeout: cut ? 300 : 20_000, cancelTimeout: 20 })
    const expected = createHash('sha256').update(Buffer.concat(Array.from({ length: 16 }, () => chunk))).digest('hex')
    const responses = await Promise.all(Array.from({ length: count }, () => fetch(`http://127.0.0.1:${port}/`)))
    const bodies = responses.map(async response => {
      const hash = createHash('sha256')
      try {
        for await (const piece of response.body ?? []) hash.update(piece)
        return hash.digest('hex')
      } catch {
        return 'broken off'
      }
    })
    await runner.cleanup()

    t.same(new Set(await Promise.all(bodies)), new Set([cut ? 'broken off' : expected]))
  })
}

t.test('websockets that are silent or never read do not delay the polite ones, nor the end', async t => {
  const { runner, port } = await serve(t, await createApp(), { shutdownTimeout: 4000 })
  const open = async () => {
    const raw = await Raw.open(t, { port })
    raw.write(get('/chat', handshake))
    await raw.until(/101/)
    return raw
  }
  const silent = await Promise.all(Array.from({ length: count }, open))
  const deaf = await Promise.all(Array.from({ length: count }, open))
  for (const { socket } of deaf) socket.pause()
  const polite = Array.from({ length: count }, () => new WebSocket(`ws://127.0.0.1:${port}/chat`))
  await Promise.all(polite.map(socket => once(socket, 'open')))
  const codes = Promise.all(polite.map(async socket => (await once(socket, 'close'))[0] as number))

  const begun = performance.now()
  await runner.cleanup()

  t.same(new Set(await codes), new Set([1001]))
  for (const { ended } of silent) t.ok((await ended).text.includes(goingAway))
  for (const { socket } of deaf) socket.destroy()
  t.ok(performance.now() - begun < 3900, 'nobody waited for the deadline')
})

t.test('a site that cannot listen is named, and the others are closed again', async t => {
  const blocker = createServer().listen(0, '127.0.0.1')
  t.teardown(() => blocker.close())
  await once(blocker, 'listening')
  const { port } = blocker.address() as AddressInfo
  const good = join(shortFolder(t), 'good.sock')
  const wrong: [RunAppOptions, RegExp][] = [
    [{ sites: runner => [new TCPSite(runner, { host: '127.0.0.1', port })] }, new RegExp(`EADDRINUSE.*127\\.0\\.0\\.1:${port}`)],
    [{ sites: runner => [new TCPSite(runner, { host: 'no.such.invalid', port: 0 })] }, /no\.such\.invalid/],
    [{ sites: runner => [new TCPSite(runner, { host: '192.0.2.1', port: 0 })] }, /192\.0\.2\.1/]
  ]
  for (const [options, message] of wrong) {
    const app = Fastify()
    let closed = false
    app.addHook('onClose', async () => { closed = true })

    await t.rejects(runApp(app, { ...options, path: good, handleSignals: false, print: null }), { message })
    t.ok(closed)
    t.notOk(readdirSync(join(good, '..')).includes('good.sock'))
  }
})

t.test(`${count} starts and stops leave no descriptor, timer or listener behind`, async t => {
  const descriptors = () => readdirSync('/proc/self/fd').length
  const cycle = async () => {
    const runner = new AppRunner(await createApp(), { log, idleGrace: 1 })
    await runner.setup()
    const sites = [0, 0].map(port => new TCPSite(runner, { host: '127.0.0.1', port }))
    await Promise.all(sites.map(site => site.start()))
    const raw = await Raw.open(t, { port: sites[0]!.port })
    raw.write(get('/'))
    await raw.until(/hello/)
    await runner.cleanup()
    raw.socket.destroy()
  }
  await cycle()
  await sleep(20)
  const before = { fds: descriptors(), resources: process.getActiveResourcesInfo().length }
  for (let n = 0; n < count; n += 1) await cycle()
  await sleep(20)

  t.ok(descriptors() <= before.fds + 1, `${descriptors()} descriptors after ${before.fds}`)
  t.ok(process.getActiveResourcesInfo().length <= before.resources + 1, process.getActiveResourcesInfo().join())
})

t.test('a process without descriptors serves again when it has some', { skip: process.platform !== 'linux' }, async t => {
  const program = await bundleFixture(t, 'run-app.ts')
  const scenario = JSON.stringify({ options: { host: '127.0.0.1', port: 0 } })
  const child = spawn('sh', ['-c', `ulimit -n 64; exec ${process.execPath} ${program} '${scenario}'`])
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  let errors = ''
  child.stdout.on('data', data => { text += String(data) })
  child.stderr.on('data', data => { errors += String(data) })
  while (!text.includes('quit)')) await once(child.stdout, 'data')
  const port = Number(/:(\d+) =/.exec(text)?.[1])

  const crowd = await Promise.all(Array.from({ length: 200 }, () => Raw.open(t, { port }).catch(() => null)))
  for (const raw of crowd) raw?.socket.destroy()
  const raw = await Raw.open(t, { port })
  raw.write(get('/', 'Connection: close\r\n'))
  t.match((await raw.ended).text, /hello/)

  const ticks = async () => {
    const { stdout } = await promisify(execFile)('cat', [`/proc/${child.pid}/stat`])
    const fields = stdout.slice(stdout.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  }
  const idle = await ticks()
  await sleep(300)
  t.ok(await ticks() - idle < 20, 'it does not spin')
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
  t.ok(errors.split('\n').length < 20, errors)
})

t.test('a process that was stopped and goes on takes the time for no time-out', async t => {
  const program = await bundleFixture(t, 'run-app.ts')
  const scenario = JSON.stringify({ options: { host: '127.0.0.1', port: 0, shutdownTimeout: 60_000 } })
  const child = spawn(process.execPath, [program, scenario])
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', data => { text += String(data) })
  const says = async (word: string) => { while (!text.includes(word)) await once(child.stdout, 'data') }
  await says('quit)')
  const raw = await Raw.open(t, { port: Number(/:(\d+) =/.exec(text)?.[1]) })
  raw.write(get('/gate'))
  await says('request begins')

  child.kill('SIGSTOP')
  const late: Socket = (await Raw.open(t, { port: raw.socket.remotePort ?? 0 })).socket
  child.kill('SIGTERM')
  await sleep(1500)
  child.kill('SIGCONT')
  await says('phase drain')
  child.stdin.write('open\n')
  t.match((await raw.ended).text, /through the gate/)
  late.destroy()
  t.same(await once(child, 'exit'), [0, null])
})
