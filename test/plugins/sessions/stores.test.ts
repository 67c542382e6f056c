/** Every store keeps sessions in the same way; real servers where they are. */

import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import { MongoClient } from 'mongodb'
import t, { type Test } from 'tap'
import database from '../../../plugins/database/index.ts'
import exceptions from '../../../plugins/exceptions/index.ts'
import sessions, {
  fromStore, getSession, MemoryStorage, MongoStorage, RedisStorage, sessionsMigration, SQLStorage, StoreStorage,
  type SessionsOptions, type SessionStorage
} from '../../../plugins/sessions/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { embedded, mariadb, postgres } from '../../databases.ts'
import { build } from '../../helper.ts'
import { mongoStandIn } from '../../mongo.ts'
import { Browser, memoryStore } from './helper.ts'

const redisUrl = process.env['TEST_REDIS_URL']
const cookieName = `s_${randomUUID().slice(0, 8)}`

interface Kind {
  readonly name: string
  readonly skip?: string | false
  create (t: Test, app: FastifyInstance): Promise<SessionStorage>
}

const kinds: Kind[] = [
  { name: 'memory', create: async () => new MemoryStorage() },
  { name: 'a store of three methods', create: async () => new StoreStorage({ ...memoryStore(), replace: undefined! }) },
  { name: 'a store of express-session', create: async () => new StoreStorage(fromStore(expressStore())) },
  {
    name: 'Redis',
    skip: redisUrl === undefined && 'TEST_REDIS_URL is not set',
    create: async () => new RedisStorage({ url: redisUrl })
  },
  {
    name: 'Redis with a client of its own',
    skip: redisUrl === undefined && 'TEST_REDIS_URL is not set',
    create: async t => {
      const client = new Redis(redisUrl!)
      t.teardown(() => client.disconnect())
      return new RedisStorage({ client })
    }
  },
  { name: 'MongoDB (a stand-in)', create: async t => new MongoStorage({ url: (await mongoStandIn(t)).url }) },
  ...[embedded, postgres, mariadb].map(server => ({
    name: `SQL: ${server.name}`,
    skip: server.skip,
    create: async (t: Test, app: FastifyInstance) => {
      await app.register(database, { url: await server.create(t), migrations: { '001-sessions': sessionsMigration() } })
      return new SQLStorage()
    }
  }))
]

async function counter (t: Test, kind: Kind, options: Partial<SessionsOptions> = {}): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(signals)
  await app.register(exceptions)
  await app.register(sessions, { storage: await kind.create(t, app), cookieName, ...options })
  app.get('/', async request => (await getSession(request)).get('count') ?? null)
  app.get('/plain', async () => 'plain')
  app.get('/count', async request => {
    const session = await getSession(request)
    session.set('count', (session.get<number>('count') ?? 0) + 1)
    return session.get('count')
  })
  app.get('/end', async request => { (await getSession(request)).invalidate() })
  app.get('/late', async request => {
    const session = await getSession(request)
    // Meanwhile the same client logs out.
    await app.inject({ url: '/end', headers: { cookie: request.headers.cookie! } })
    session.set('count', 'back from the dead')
    return 'late'
  })
  return app
}

for (const kind of kinds) {
  t.test(`${kind.name} keeps sessions`, { skip: kind.skip ?? false }, async t => {
    const app = await counter(t, kind)
    const browser = new Browser(app)
    const other = new Browser(app)

    t.equal((await browser.get('/')).json(), null)
    for (const count of [1, 2, 3]) t.equal((await browser.get('/count')).json(), count)
    t.equal((await other.get('/count')).json(), 1, 'each client has one of its own')
    t.match(browser.cookies.get(cookieName), /^[\w-]{43}$/)
    const before = browser.cookies.get(cookieName)!
    await browser.get('/end')
    t.equal(browser.cookies.size, 0)
    const replayed = await app.inject({ url: '/count', cookies: { [cookieName]: before } })
    t.equal(replayed.json(), 1, 'what was ended is not to be had again')
    t.not(replayed.cookies[0]?.value, before, 'nor is an unknown id taken over')
    t.equal((await other.get('/count')).json(), 2)
  })

  t.test(`${kind.name} forgets sessions that have expired`, { skip: kind.skip ?? false }, async t => {
    const app = await counter(t, kind, { maxAge: 1 })
    const browser = new Browser(app)
    await browser.get('/count')
    const id = (await app.inject('/count')).cookies[0]!.value
    await new Promise(resolve => setTimeout(resolve, 20))

    t.equal((await app.inject({ url: '/', cookies: { [cookieName]: id } })).json(), null)
  })

  if (/three methods|express/.test(kind.name)) continue
  t.test(`${kind.name} does not bring a session back that another request has ended`, { skip: kind.skip ?? false }, async t => {
    const app = await counter(t, kind)
    const browser = new Browser(app)
    await browser.get('/count')
    const id = browser.cookies.get(cookieName)!

    await browser.get('/late')

    t.equal(browser.cookies.size, 0)
    t.equal((await app.inject({ url: '/', cookies: { [cookieName]: id } })).json(), null)
  })
}

t.test('MongoDB removes what has expired by an index', async t => {
  const server = await mongoStandIn(t)
  const client = new MongoClient(server.url)
  t.teardown(() => client.close())
  const create = async () => new MongoStorage({ client, collection: 'visits', database: 'shop' })
  const browser = new Browser(await counter(t, { name: 'mongo', create }))

  await browser.get('/count')

  t.match(server.indexes, [{ key: { expires: 1 }, expireAfterSeconds: 0 }])
  const [entry] = server.documents('visits').values()
  t.equal(entry?.['_id'], `${cookieName}_${browser.cookies.get(cookieName)}`)
  t.type(entry?.['expires'], Date)
})

t.test('SQL removes what has expired from time to time, and its migration can be taken back', async t => {
  const app = build(t)
  await app.register(signals)
  await app.register(exceptions)
  await app.register(database, { migrations: { '001': sessionsMigration('visits') } })
  const storage = new SQLStorage({ table: 'visits', cleanInterval: 5 })
  await app.register(sessions, { storage, cookieName, maxAge: 1 })
  app.get('/', async request => { (await getSession(request)).set('a', 1) })
  await app.inject('/')
  const db = app.database.db as never as import('kysely').Kysely<{ visits: { id: string } }>

  while ((await db.selectFrom('visits').selectAll().execute()).length > 0) await new Promise(resolve => setImmediate(resolve))
  await app.database.migrate('down')
  await t.rejects(db.selectFrom('visits').selectAll().execute())
})

t.test('SQL without a database is told at the start', async t => {
  const app = build(t)
  await app.register(sessions, { storage: new SQLStorage() })
  await t.rejects(async () => await app.ready(), { code: 'AIO_ERR_SESSION_DATABASE' })
})

t.test('memory has room for so many sessions, and warns in production', async t => {
  const { NODE_ENV } = process.env
  t.teardown(() => { process.env['NODE_ENV'] = NODE_ENV })
  process.env['NODE_ENV'] = 'production'
  const lines: string[] = []
  const app = build(t, { logger: { level: 'warn', stream: { write: line => { lines.push(line) } } } })
  await app.register(sessions, { storage: new MemoryStorage({ maxEntries: 2 }) })
  app.get('/', async request => {
    const session = await getSession(request)
    if (session.new) session.set('a', 1)
    return session.new
  })
  const ids: string[] = []
  while (ids.length < 3) ids.push((await app.inject('/')).cookies[0]!.value)

  t.match(lines, [/kept in memory/])
  const known = await Promise.all(ids.map(async id => !(await app.inject({ url: '/', cookies: { AIOHTTP_SESSION: id } })).json()))
  t.same(known, [false, true, true])
})

t.test('a store that fails or hangs is 503 for who needs a session, and nothing for the others', async t => {
  const store = memoryStore()
  const create = async () => new StoreStorage(store, { timeout: 30 })
  const browser = new Browser(await counter(t, { name: 'store', create }))
  await browser.get('/count')
  const { get, replace } = store

  const failures: [what: string, change: object][] = [
    ['a read that fails', { get: async () => { throw new Error('away') } }],
    ['a read that hangs', { get: () => new Promise(() => {}) }],
    ['a write that fails', { replace: async () => { throw new Error('away') } }],
    ['a write that hangs', { replace: () => new Promise(() => {}) }]
  ]
  for (const [what, change] of failures) {
    Object.assign(store, { get, replace }, change)
    const response = await browser.get('/count')
    t.equal(response.statusCode, 503, what)
    t.equal(response.headers['retry-after'], '1')
    t.notMatch(response.body, /away/)
    t.equal((await browser.get('/plain')).statusCode, 200)
  }
  Object.assign(store, { get, replace })
  t.equal((await browser.get('/count')).json(), 2, 'what was not saved was not counted')
})

/** As the memory store of express-session is. */
function expressStore () {
  const entries = new Map<string, string>()
  return {
    get (id: string, callback: (error: unknown, session?: object | null) => void) {
      const text = entries.get(id)
      callback(null, text === undefined ? null : JSON.parse(text))
    },
    set (id: string, session: { cookie: { expires: Date } }, callback: (error?: unknown) => void) {
      if (!(session.cookie.expires instanceof Date)) return callback(new Error('no cookie'))
      entries.set(id, JSON.stringify(session))
      callback()
    },
    destroy (id: string, callback: (error?: unknown) => void) {
      entries.delete(id)
      callback()
    }
  }
}
