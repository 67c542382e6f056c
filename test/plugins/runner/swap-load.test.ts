/** Swaps under load: what is lost, what comes too late, and what is left in memory. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import websockets from '../../../plugins/websockets/index.ts'
import { startClient, type WebSocketOutcome } from '../../clients.ts'
import { get, Raw } from '../../raw.ts'
import type { Outcome } from '../../fixtures/load-client.ts'

/** How many swaps under load, and how many for the measurement of the memory; more on demand. */
const swaps = Number(process.env.TEST_SWAPS ?? 40)
const memorySwaps = Number(process.env.TEST_MEMORY_SWAPS ?? 100)

/** How often, in milliseconds. */
const interval = 20

/** A database that notices when it is used after its end. */
class Database {
  uses = 0
  usesTooLate = 0
  closed = false

  use (): void {
    this.uses += 1
    if (this.closed) this.usesTooLate += 1
  }
}

/** An app whose handlers use a database in several steps. */
async function createApp (generation: number, databases: Database[]): Promise<FastifyInstance> {
  const app = Fastify()
  const database = new Database()
  databases.push(database)
  await app.register(signals)
  await app.register(websockets, { origins: '*' })
  app.cleanupContext(async function * () {
    yield
    database.closed = true
  })
  app.get('/', async (_request, reply) => {
    reply.header('x-generation', generation)
    for (let step = 0; step < 3; step += 1) {
      database.use()
      await new Promise(resolve => setTimeout(resolve, Math.random() * 3))
    }
    database.use()
    return 'hello'
  })
  app.websocket('/echo', async ws => {
    for await (const message of ws) {
      database.use()
      await ws.sendStr(String(message.data))
    }
    database.use()
  })
  return app
}

async function serve (t: Test, app: FastifyInstance): Promise<{ runner: AppRunner, site: TCPSite }> {
  const runner = new AppRunner(app, { shutdownTimeout: 5000 })
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return { runner, site }
}

t.test(`${swaps} swaps, one every ${interval} ms, and as many that fail: nobody notices`, async t => {
  const databases: Database[] = []
  const { runner, site } = await serve(t, await createApp(1, databases))
  const load = { port: site.port, pipeline: 1, think: 5, path: '/' }
  const stops = await Promise.all([
    startClient<Outcome>(t, 'load-client', { ...load, connections: 64, mode: 'keep' }),
    startClient<Outcome>(t, 'load-client', { ...load, connections: 64, mode: 'fresh' }),
    startClient<WebSocketOutcome>(t, 'websocket-client', { port: site.port, connections: 100, path: '/echo' })
  ])
  const ends: Promise<void>[] = []

  for (let swap = 0; swap < swaps; swap += 1) {
    const next = new Promise(resolve => setTimeout(resolve, interval))
    const failing = await createApp(0, databases)
    if (swap % 2 === 0) failing.onStartup(() => { throw new Error('cannot start') })
    else failing.register(async () => { throw new Error('cannot start') })
    await t.rejects(runner.swap(failing), { message: 'cannot start' })
    ends.push((await runner.swap(await createApp(runner.inspect().generations.at(-1)!.number + 2, databases))).closed)
    await next
  }
  await Promise.all(ends)
  const [keep, fresh, echo] = await Promise.all([stops[0](), stops[1](), stops[2]()])

  for (const [name, outcome] of Object.entries({ keep, fresh })) {
    t.ok(outcome.ok > 50, `${name}: there was load`)
    const { ok, ...rest } = outcome
    t.same(rest, {
      other: 0, dropped: 0, truncated: 0, refused: 0, closedWhileIdle: 0, resetAtConnect: 0, stale: 0
    }, `${name}: ${ok} requests, none lost, wrong or answered by an app of the past`)
  }
  t.same(Object.keys(echo.closed), ['1012'])
  t.same({ failed: echo.failed, wrong: echo.wrong }, { failed: 0, wrong: 0 })
  t.ok(echo.echoes > 0)
  t.equal(databases.reduce((sum, { usesTooLate }) => sum + usesTooLate, 0), 0, 'no step of a handler after the cleanup')
  const open = databases.filter(({ uses, closed }) => uses > 0 && !closed)
  t.equal(open.length, 1, 'only the last app is open')
  t.equal(runner.inspect().generations.length, 1)
})

t.test(`${memorySwaps} swaps leave nothing behind`, async t => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const { runner, site } = await serve(t, await createApp(1, []))
  const idle = await Raw.open(t, { port: site.port })
  idle.write(get('/'))
  await idle.until(/hello$/)
  const [server] = site.servers
  const listeners = () =>
    Object.fromEntries(server!.eventNames().map(name => [String(name), server!.listenerCount(name)]))
  const ofProcess = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  const before = { server: listeners(), process: ofProcess() }
  const apps: WeakRef<FastifyInstance>[] = []
  const swap = async (times: number) => {
    for (let count = 0; count < times; count += 1) {
      const app = await createApp(count, [])
      apps.push(new WeakRef(app))
      const { closed } = await runner.swap(app)
      await fetch(`http://127.0.0.1:${site.port}/`).then(response => response.text())
      await closed
    }
  }
  const heap = async () => {
    // Finalizers and their consequences take more than one round.
    for (let round = 0; round < 5; round += 1) {
      await new Promise(resolve => setImmediate(resolve))
      gc()
    }
    return process.memoryUsage().heapUsed
  }
  await swap(Math.ceil(memorySwaps / 5))
  const base = await heap()

  await swap(memorySwaps)
  const after = await heap()

  t.same({ server: listeners(), process: ofProcess() }, before)
  t.ok(after < base * 1.1, `${Math.round(base / 1024)} KiB before, ${Math.round(after / 1024)} KiB after`)
  const alive = apps.filter(reference => reference.deref() !== undefined).length
  t.ok(alive <= 3, `${alive} of ${apps.length} apps are still in memory`)
})
