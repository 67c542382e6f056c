/** One app takes the place of another: who answers what, what the old one is told when, and what cannot go wrong. */

import { once } from 'node:events'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { AppRunner, runnerKey, TCPSite, type RunnerOptions, type SwapOptions } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import state from '../../../plugins/state.ts'
import websockets from '../../../plugins/websockets/index.ts'
import { get, Raw } from '../../raw.ts'

/** A promise, and what resolves it. */
function createGate () {
  let open = () => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  return { gate, open }
}

/** An app that says who it is, with a gate that holds requests until it is opened, and a list of what happened. */
async function createApp (name: string) {
  const app = Fastify({ pluginTimeout: 300 })
  const log: string[] = []
  const { gate, open } = createGate()
  await app.register(state)
  await app.register(signals)
  await app.register(websockets)
  app.signals.onPhase(phase => { log.push(phase) })
  app.cleanupContext(async function * database () {
    log.push('enter')
    yield
    log.push('leave')
  })
  app.onShutdown(() => { log.push('onShutdown') })
  app.onCleanup(() => { log.push('onCleanup') })
  app.get('/', async () => name)
  app.get('/gate', async () => {
    log.push('arrived')
    await gate
    log.push('done')
    return name
  })
  app.websocket('/echo', async ws => {
    log.push('open')
    for await (const { data } of ws) await ws.sendStr(`${name}: ${String(data)}`)
    log.push('handler ended')
  })
  return { app, log, open }
}

type Made = Awaited<ReturnType<typeof createApp>>

/** A runner with a site that serves `app`. */
async function serve (t: Test, app: FastifyInstance, options: RunnerOptions = {}) {
  const warnings: string[] = []
  const log = {
    info () {},
    warn (text: string) { warnings.push(text) },
    error ({ err }: { err: unknown }) { warnings.push(String(err)) }
  }
  const runner = new AppRunner(app, { shutdownTimeout: 2000, idleGrace: 10, log, ...options })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const url = `http://127.0.0.1:${site.port}`
  return { runner, at: { port: site.port }, url, warnings, ask: async (path = '/') => (await fetch(`${url}${path}`)).text() }
}

async function happens (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}

async function openWebSocket (t: Test, url: string): Promise<WebSocket> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/echo`)
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  return ws
}

t.test('from one request to the next another app answers, on connections that are open too', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, at, ask } = await serve(t, one.app)
  const raw = await Raw.open(t, at)
  raw.write(get('/'))
  await raw.until(/one$/)
  const busy = await Raw.open(t, at)
  busy.write(get('/gate'))
  await happens(() => one.log.includes('arrived'))

  const { generation, closed } = await runner.swap(two.app)
  raw.write(get('/'))
  await raw.until(/two$/)
  t.equal(await ask(), 'two')
  t.equal(generation, 2)
  t.equal(runner.app, two.app)
  t.equal(two.app.state.get(runnerKey), runner)
  t.match(runner.inspect().generations, [
    { number: 1, current: false, requests: 1, websockets: 0 }, { number: 2, current: true, requests: 0, websockets: 0 }
  ])
  t.notOk(one.log.includes('onShutdown'), 'the old app is left alone while it works')
  one.open()
  await busy.until(/one$/)
  await closed

  t.match(busy.text, /connection: keep-alive/i, 'its connection goes on')
  busy.write(get('/'))
  await busy.until(/two$/)
  t.same(one.log, [
    'enter', 'running', 'arrived', 'stopping', 'done', 'onShutdown', 'leave', 'onCleanup', 'closed'
  ])
  t.same(two.log, ['enter', 'running'])
  t.equal(runner.inspect().generations.length, 1)
})

t.test('requests that wait in a pipeline belong to the app that gets them', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, at } = await serve(t, one.app, { hardening: { maxPipelined: 1 } })
  const raw = await Raw.open(t, at)
  raw.write(get('/gate') + get('/'))
  await happens(() => one.log.includes('arrived'))

  const { closed } = await runner.swap(two.app)
  one.open()
  await raw.until(/one[^]*two$/)

  await closed
})

const broken: { name: string, code: string, make: () => Promise<Made>, during?: (made: Made) => void }[] = [
  {
    name: 'throws in a plugin',
    code: 'BROKEN',
    async make () {
      const made = await createApp('broken')
      made.app.register(async () => { throw Object.assign(new Error('broken'), { code: 'BROKEN' }) })
      return made
    }
  },
  {
    name: 'has two routes of one name',
    code: 'FST_ERR_DUPLICATED_ROUTE',
    async make () {
      const made = await createApp('broken')
      made.app.register(async app => { app.get('/', async () => '') })
      return made
    }
  },
  {
    name: 'fails in onStartup',
    code: 'BROKEN',
    async make () {
      const made = await createApp('broken')
      made.app.onStartup(() => { throw Object.assign(new Error('broken'), { code: 'BROKEN' }) })
      return made
    }
  },
  {
    name: 'never gets ready',
    code: 'FST_ERR_HOOK_TIMEOUT',
    async make () {
      const made = await createApp('broken')
      made.app.onStartup(() => new Promise(() => {}))
      return made
    }
  },
  {
    name: 'is closed while it starts',
    code: 'AIO_ERR_APP_CLOSED',
    async make () {
      const made = await createApp('broken')
      made.app.onStartup(() => { made.app.close() })
      return made
    }
  }
]

for (const { name, code, make } of broken) {
  t.test(`an app that ${name} is undone, and the old one goes on`, async t => {
    const one = await createApp('one')
    const { runner, ask } = await serve(t, one.app)
    const { app, log } = await make()
    let closed = false
    app.addHook('onClose', async () => { closed = true })

    await t.rejects(runner.swap(app), { code })

    t.equal(await ask(), 'one')
    t.same(one.log, ['enter', 'running'])
    t.ok(closed)
    t.equal(log.filter(step => step === 'leave').length, log.filter(step => step === 'enter').length)
    t.equal(runner.app, one.app)
    const two = await createApp('two')
    await runner.swap(two.app)
    t.equal(await ask(), 'two', 'another one can be swapped in')
  })
}

t.test('an error of closing an app that did not start comes with the error of its start', async t => {
  const one = await createApp('one')
  const { runner } = await serve(t, one.app)
  const app = Fastify()
  app.addHook('onReady', async () => { throw new Error('no start') })
  app.addHook('onClose', async () => { throw new Error('no end') })

  await t.rejects(runner.swap(app), { message: 'no start', errors: [{ message: 'no start' }, { message: 'no end' }] })
})

t.test('an app is served once, by one runner, and only while it is open', async t => {
  const one = await createApp('one')
  const { runner, ask } = await serve(t, one.app)
  const other = await createApp('other')
  await serve(t, other.app)
  const listening = Fastify()
  t.teardown(() => listening.close())
  await listening.listen({ port: 0 })
  const closed = Fastify()
  await closed.close()
  const ready = Fastify()
  ready.get('/', async () => 'ready')
  await ready.ready()

  await t.rejects(runner.swap(one.app), { code: 'AIO_ERR_SWAP_APP' })
  await t.rejects(runner.swap(other.app), { code: 'AIO_ERR_SWAP_APP' })
  await t.rejects(runner.swap(listening), { code: 'AIO_ERR_SWAP_APP' })
  await t.rejects(runner.swap(closed), { code: 'AIO_ERR_APP_CLOSED' })
  t.equal(await ask(), 'one')
  await runner.swap(ready)
  t.equal(await ask(), 'ready', 'one that is ready already will do')
  await t.rejects(runner.swap(one.app), { code: 'AIO_ERR_SWAP_APP' }, 'no way back')
})

t.test('swap() is checked like everything else', async t => {
  const one = await createApp('one')
  const runner = new AppRunner(one.app)
  const next = async () => {
    const app = Fastify()
    t.teardown(() => app.close())
    return app
  }
  await t.rejects(runner.swap(await next()), { code: 'AIO_ERR_RUNNER_NOT_SET_UP' })
  await runner.setup()
  const wrong: unknown[] = [{ timeout: 1 }, { shutdownTimeout: -1 }, { websockets: 'migrate' }, null]
  for (const options of wrong) {
    await t.rejects(runner.swap(await next(), options as SwapOptions), { code: /^AIO_ERR_OPTION_/ })
  }
  await t.rejects(runner.swap({} as FastifyInstance), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  await t.rejects(runner.swap(undefined as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  await runner.cleanup()
  await t.rejects(runner.swap(await next()), { code: 'AIO_ERR_RUNNER_CLOSED' })
})

t.test('swaps come one after the other', async t => {
  const apps = await Promise.all(['one', 'two', 'three', 'four'].map(createApp))
  const [one, two, three, four] = apps as [Made, Made, Made, Made]
  const { runner, ask } = await serve(t, one.app)
  two.app.onStartup(() => new Promise(resolve => setTimeout(resolve, 50)))
  three.app.onStartup(() => { throw new Error('three') })

  const swaps = await Promise.allSettled([runner.swap(two.app), runner.swap(three.app), runner.swap(four.app)])

  t.match(swaps, [{ value: { generation: 2 } }, { reason: { message: 'three' } }, { value: { generation: 4 } }])
  t.equal(await ask(), 'four')
  for (const swap of swaps) if (swap.status === 'fulfilled') await swap.value.closed
  t.equal(one.log.at(-1), 'closed')
  t.equal(two.log.at(-1), 'closed')
})

t.test('requests of the old app that never end are named and cut at its deadline; those of the new one are not', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  one.app.get('/stream', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/plain' })
    reply.raw.write('begun')
  })
  one.app.get('/abort', async request => {
    await once(request.signal, 'abort')
    return 'aborted'
  })
  const { runner, at, warnings } = await serve(t, one.app)
  const raws = await Promise.all([1, 2, 3, 4].map(() => Raw.open(t, at)))
  const [never, stream, abort, later] = raws as [Raw, Raw, Raw, Raw]
  never.write(get('/gate'))
  stream.write(get('/stream'))
  abort.write(get('/abort'))
  await stream.until(/begun/)
  await happens(() => one.log.includes('arrived'))

  const { closed } = await runner.swap(two.app, { shutdownTimeout: 50 })
  later.write(get('/gate'))
  await closed

  t.match((await never.ended).text, /^HTTP\/1.1 503[^]*connection: close/i)
  t.notMatch((await stream.ended).text, /\r\n0\r\n\r\n$/, 'seen as broken off')
  t.match((await abort.ended).text, /^HTTP\/1.1 200[^]*aborted$/)
  t.match(warnings[0], /gave up waiting for generation 1 after \d+ ms\n {2}request GET \/\w+ from/)
  t.ok(two.log.includes('arrived'))
  two.open()
  await later.until(/two$/)
})

t.test('a handler whose client has gone is waited for, by a swap and by a shutdown', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, at, warnings } = await serve(t, one.app)
  for (const { app, log, open } of [one, two]) {
    const raw = await Raw.open(t, at)
    raw.write(get('/gate'))
    await happens(() => log.includes('arrived'))
    raw.socket.destroy()
    await happens(() => (runner.inspect().connections.counts.abandoned ?? 0) === 1)
    t.match(runner.inspect().connections.lines, [/^request GET \/gate.*, its client gone, for \d+ ms$/])

    const closed = app === one.app ? (await runner.swap(two.app)).closed : runner.cleanup()
    await new Promise(resolve => setTimeout(resolve, 50))
    t.notOk(log.includes('leave'))
    open()
    await closed

    t.ok(log.indexOf('done') > 0 && log.indexOf('done') < log.indexOf('leave'))
  }
  t.same(warnings, [])
})

t.test('background work of the old app ends before its contexts are left, or at the deadline', async t => {
  for (const stuck of [false, true]) {
    const one = await createApp('one')
    const two = await createApp('two')
    const running = new Set([{ name: 'report', since: Date.now() }])
    one.app.signals.addWork({ running: () => running, close: async () => { running.clear() } })
    one.app.onShutdown(() => { if (!stuck) setTimeout(() => running.clear(), 30) })
    const { runner, warnings } = await serve(t, one.app)
    t.match(runner.inspect().work, [/^job "report", for \d+ ms$/])

    await (await runner.swap(two.app, { shutdownTimeout: stuck ? 50 : 5000 })).closed

    t.equal(running.size, 0)
    t.equal(one.log.at(-1), 'closed')
    t.equal(warnings.length, stuck ? 1 : 0)
    if (stuck) t.match(warnings[0], /job "report", for \d+ ms/)
  }
})

t.test('websockets of the old app are told 1012 and come back to the new one', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, url } = await serve(t, one.app)
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openWebSocket(t, url)))
  const ends = sockets.map(ws => once(ws, 'close'))

  const { closed } = await runner.swap(two.app)
  const again = await openWebSocket(t, url)
  again.send('hello')
  const [data] = await once(again, 'message')

  t.equal(String(data), 'two: hello')
  for (const [code, reason] of await Promise.all(ends)) {
    t.equal(code, 1012)
    t.equal(String(reason), 'Service restart')
  }
  await closed
  t.ok(one.log.lastIndexOf('handler ended') < one.log.indexOf('leave'))
  t.equal(again.readyState, WebSocket.OPEN)
})

t.test('a handshake that the old app has in hand is finished before it is told', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { gate, open } = createGate()
  one.app.websocket('/slow', {
    preHandler: async () => {
      one.log.push('hook')
      await gate
    }
  }, async ws => { for await (const message of ws) one.log.push(String(message.data)) })
  const { runner, url } = await serve(t, one.app)
  const ws = new WebSocket(`${url.replace('http', 'ws')}/slow`)
  const opened = once(ws, 'open')
  const ended = once(ws, 'close')
  await happens(() => one.log.includes('hook'))

  const { closed } = await runner.swap(two.app)
  open()
  await opened
  const [code] = await ended
  await closed

  t.equal(code, 1012)
})

t.test('websockets may stay with the old app until they end', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const three = await createApp('three')
  const { runner, url, ask } = await serve(t, one.app)
  const kept = await openWebSocket(t, url)
  const first = await runner.swap(two.app, { websockets: 'keep', shutdownTimeout: 20 })
  const later = await openWebSocket(t, url)
  const second = await runner.swap(three.app, { websockets: 'keep' })
  t.equal(await ask(), 'three')

  for (const [ws, name] of [[kept, 'one'], [later, 'two']] as const) {
    ws.send('still here?')
    const [data] = await once(ws, 'message')
    t.equal(String(data), `${name}: still here?`)
  }
  t.match(runner.inspect().generations, [
    { number: 1, websockets: 1 }, { number: 2, websockets: 1 }, { number: 3, websockets: 0 }
  ])
  kept.close()
  await first.closed
  t.equal(one.log.at(-1), 'closed')
  t.equal(two.log.at(-1), 'stopping', 'the other one lives on')

  const ended = once(later, 'close')
  await runner.cleanup()
  t.equal((await ended)[0], 1001, 'a runner that stops says goodbye to all')
  await second.closed
  t.equal(two.log.at(-1), 'closed')
  t.equal(three.log.at(-1), 'closed')
})

t.test('websockets of a plain @fastify/websocket are told, too', async t => {
  const createPlain = async (name: string) => {
    const app = Fastify()
    await app.register(websocket)
    app.get('/echo', { websocket: true }, socket => {
      socket.on('message', data => socket.send(`${name}: ${String(data)}`))
    })
    return app
  }
  const { runner, url } = await serve(t, await createPlain('one'))
  const ws = await openWebSocket(t, url)
  const ended = once(ws, 'close')

  const { closed } = await runner.swap(await createPlain('two'))
  t.equal((await ended)[0], 1012)
  await closed
  const again = await openWebSocket(t, url)
  again.send('hello')
  t.equal(String((await once(again, 'message'))[0]), 'two: hello')
})

t.test('a websocket that never answers is cut, and the old app ends all the same', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  await one.app.close()
  const app = Fastify()
  await app.register(signals)
  await app.register(websockets, { closeTimeout: 50 })
  app.websocket('/echo', async ws => { for await (const message of ws) await ws.sendStr(String(message.data)) })
  const { runner, at } = await serve(t, app)
  const raw = await Raw.open(t, at)
  raw.write('GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  await raw.until(/\r\n\r\n/)

  await (await runner.swap(two.app)).closed

  await raw.ended
  t.equal(app.signals.phase, 'closed')
})

t.test('a runner that stops takes the old apps along: no deadlock, one outcome', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, at } = await serve(t, one.app)
  const raw = await Raw.open(t, at)
  raw.write(get('/gate'))
  await happens(() => one.log.includes('arrived'))
  const { closed } = await runner.swap(two.app, { shutdownTimeout: 60_000 })

  const stopped = runner.cleanup()
  await happens(() => one.log.includes('onShutdown'))
  one.open()
  await stopped

  t.match((await raw.ended).text, /^HTTP\/1.1 200[^]*one$/, 'its request is answered')
  await closed
  t.same(one.log.slice(3), ['stopping', 'onShutdown', 'done', 'leave', 'onCleanup', 'closed'])
  t.equal(two.log.at(-1), 'closed')
})

t.test('a swap under way when the runner stops is undone', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const three = await createApp('three')
  t.teardown(() => three.app.close())
  const { gate, open } = createGate()
  two.app.onStartup(() => {
    two.log.push('onStartup')
    return gate
  })
  const { runner } = await serve(t, one.app)

  const swap = t.rejects(runner.swap(two.app), { code: 'AIO_ERR_RUNNER_CLOSED' })
  const queued = t.rejects(runner.swap(three.app), { code: 'AIO_ERR_RUNNER_CLOSED' })
  await happens(() => two.log.includes('onStartup'))
  const stopped = runner.cleanup()
  open()
  await Promise.all([swap, queued, stopped])

  t.same(two.log, ['enter', 'onStartup', 'leave', 'closed'])
  t.same(three.log, [], 'one that had to wait was never begun')
  t.equal(runner.phase, 'closed')
})

t.test('an app that is closed by somebody else: the current one stops the runner, an old one waits for its requests', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, at, ask } = await serve(t, one.app)
  const raw = await Raw.open(t, at)
  raw.write(get('/gate'))
  await happens(() => one.log.includes('arrived'))
  const { closed } = await runner.swap(two.app)

  const closedByOthers = one.app.close()
  t.equal(await ask(), 'two')
  one.open()
  await raw.until(/one$/)
  await Promise.all([closed, closedByOthers])
  t.ok(one.log.indexOf('done') < one.log.indexOf('leave'))

  await two.app.close()
  t.equal(runner.phase, 'closed')
})

t.test('what fails at the end of an old app is in the log and in `closed`, and disturbs nobody', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  one.app.onShutdown(() => { throw new Error('onShutdown') })
  one.app.onCleanup(() => { throw new Error('onCleanup') })
  const { runner, ask, warnings } = await serve(t, one.app)

  const { closed } = await runner.swap(two.app)
  await t.rejects(closed, { errors: [{ message: 'onShutdown' }, { message: 'onCleanup' }] })

  t.equal(warnings.length, 1)
  t.equal(await ask(), 'two')
  await runner.cleanup()
})

t.test('a swap inside a handler of the old app does not wait for itself', async t => {
  const two = await createApp('two')
  const app = Fastify()
  app.get('/swap', async () => {
    const { generation } = await runner.swap(two.app)
    return `generation ${generation}`
  })
  const { runner, ask } = await serve(t, app)

  t.equal(await ask('/swap'), 'generation 2')
  t.equal(await ask(), 'two')
})
