/** One app takes the place of another: who answers what, and what cannot go wrong. */

import { once } from 'node:events'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { AppRunner, runnerKey, type SwapOptions } from '../../../plugins/runner/index.ts'
import { get, Raw } from '../../raw.ts'
import { type Made, createApp, happens, serve } from './swap-helper.ts'

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
