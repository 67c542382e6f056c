import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import websockets, {
  natsBackplane, redisBackplane, type Backplane, type BackplaneEvents
} from '../../../plugins/websockets/index.ts'
import { loadPackage } from '../../../plugins/websockets/backplane.ts'
import { build } from '../../helper.ts'
import { listen, open, serve } from './helper.ts'

/** A carrier between apps of this process, which can be cut. */
class Bus {
  readonly #listeners = new Set<BackplaneEvents>()

  backplane (): Backplane {
    let own: BackplaneEvents | undefined
    return {
      name: 'bus',
      start: async events => {
        own = events
        this.#listeners.add(events)
        events.up()
      },
      publish: bytes => { for (const { message } of this.#listeners) message(bytes) },
      stop: async () => { if (own !== undefined) this.#listeners.delete(own) }
    }
  }

  send (bytes: Buffer): void {
    for (const { message } of this.#listeners) message(bytes)
  }
}

async function member (t: Test, backplane: Backplane, log: string[] = []): Promise<FastifyInstance> {
  const stream = { write: (line: string) => { log.push(JSON.parse(line).msg) } }
  const app = build(t, { logger: { level: 'info', stream } })
  await app.register(websockets, { backplane })
  app.websocket('/', async ws => {
    app.websockets.join(ws, 'room')
    await ws.sendStr('joined')
    await listen(ws)
  })
  return app
}

async function join (t: Test, app: FastifyInstance) {
  const client = await open(t, await serve(app), '/')
  await client.next()
  return client
}

/** Asks again and again until it is so. */
async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}

t.test('a broadcast reaches members at all processes once: text, bytes, and only those of the group', async t => {
  const bus = new Bus()
  const [one, two] = [await member(t, bus.backplane()), await member(t, bus.backplane())]
  const clients = [await join(t, one), await join(t, two)]

  t.same(one.websockets.broadcast('room', 'hello'), { sent: 1, skipped: 0, dropped: 0 })
  two.websockets.broadcast('room', Buffer.from([1, 2]))
  one.websockets.broadcast('other', 'not for you')
  one.websockets.broadcast(null, new Uint8Array([3]).buffer, { compress: true, slow: 'drop' })
  two.websockets.broadcast('room', 'here', { local: true })
  one.websockets.broadcast('room', 'end')
  t.same([await clients[0]!.next(), await clients[0]!.next(), await clients[0]!.next(), await clients[0]!.next()],
    ['hello', Buffer.from([1, 2]), Buffer.from([3]), 'end'])
  const seen = []
  for (let index = 0; index < 5; index++) seen.push(await clients[1]!.next())
  t.same(seen, ['hello', Buffer.from([1, 2]), Buffer.from([3]), 'here', 'end'])
})

t.test('what is none of ours on the backplane is ignored', async t => {
  const bus = new Bus()
  const client = await join(t, await member(t, bus.backplane()))

  for (const bytes of ['', 'x', '\0\x05{"a":', '\0\x02{}', '\0\x04null']) bus.send(Buffer.from(bytes))
  bus.send(Buffer.from('\0\x2b{"from":"me","group":"room","binary":false}hi'))
  t.equal(await client.next(), 'hi')
})

t.test('wrong options of a backplane are coded errors', async t => {
  t.throws(() => redisBackplane({ url: '' }), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => natsBackplane({ subject: 'a b' }), { code: 'AIO_ERR_OPTION_INVALID' })
  // @ts-expect-error a misspelt option
  t.throws(() => redisBackplane({ uri: '' }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await t.rejects(async () => { await build(t).register(websockets, { backplane: 'redis' as never }) },
    { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('a missing package is named', async t => {
  const load = () => loadPackage('ioredis', 'redisBackplane()', () => import('no-such-package' as string))

  await t.rejects(load(), { code: 'AIO_ERR_PACKAGE_MISSING', message: /"ioredis", which redisBackplane\(\) needs/ })
})

t.test('an app does not start when its backplane never will', async t => {
  const app = build(t)
  const start = async () => { throw new Error('no package') }
  await app.register(websockets, { backplane: { name: 'broken', start, publish () {}, stop: async () => {} } })

  await t.rejects(async () => { await app.ready() }, { message: 'no package' })
})

/** A relay in front of a server, that can be cut and put up again. */
class Wire {
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  #server = createServer()
  port = 0

  constructor (target: URL) {
    this.#target = target
  }

  async up (): Promise<void> {
    this.#server = createServer(near => {
      const far = connect(Number(this.#target.port), this.#target.hostname)
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.#sockets.add(from)
        from.on('error', () => to.destroy()).on('close', () => to.destroy()).pipe(to)
      }
    })
    await new Promise<void>(resolve => this.#server.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
  }

  cut (): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }
}

const servers = [
  {
    name: 'Redis',
    url: process.env.TEST_REDIS_URL,
    variable: 'TEST_REDIS_URL',
    make: (port: number, topic: string) => redisBackplane({ url: `redis://127.0.0.1:${port}`, channel: topic })
  },
  {
    name: 'NATS',
    url: process.env.TEST_NATS_URL,
    variable: 'TEST_NATS_URL',
    make: (port: number, topic: string) => natsBackplane({ servers: `127.0.0.1:${port}`, subject: topic })
  }
]

for (const { name, url, variable, make } of servers) {
  const skip = url === undefined && `${variable} is not set`
  t.test(`over ${name}: delivered to all, lost and found again, local delivery goes on`, { skip }, async t => {
    const wire = new Wire(new URL(url ?? ''))
    await wire.up()
    t.teardown(() => wire.cut())
    const topic = `test-${process.pid}-${name}`
    const log: string[] = []
    const [one, two] = [await member(t, make(wire.port, topic), log), await member(t, make(wire.port, topic))]
    const [here, there] = [await join(t, one), await join(t, two)]

    one.websockets.broadcast('room', 'first')
    t.same([await here.next(), await there.next()], ['first', 'first'])

    wire.cut()
    await until(() => log.includes('The backplane is lost: broadcasts stay in this process'))
    t.same(one.websockets.broadcast('room', 'alone'), { sent: 1, skipped: 0, dropped: 0 })
    t.equal(await here.next(), 'alone')

    await wire.up()
    await until(() => log.includes('The backplane is connected again'))
    const again = setInterval(() => one.websockets.broadcast('room', 'together'), 50)
    t.equal(await there.next(), 'together', 'what was sent meanwhile is lost')
    clearInterval(again)
    t.equal(log.filter(line => line.startsWith('The backplane is lost')).length, 1, 'logged once')
  })

  t.test(`an app starts without ${name}, and closes`, async t => {
    const log: string[] = []
    const app = await member(t, make(1, 'nobody'), log)
    const client = await join(t, app)
    t.ok(log.includes('The backplane is lost: broadcasts stay in this process'))

    app.websockets.broadcast('room', 'alone')
    t.equal(await client.next(), 'alone')
  })
}
