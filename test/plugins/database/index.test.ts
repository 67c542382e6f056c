/** The plugin: opened with the app and closed after it, and what requests see while the database is away. */

import { sql } from 'kysely'
import t, { type Test } from 'tap'
import database, { Database, databaseOf, type DatabaseOptions } from '../../../plugins/database/index.ts'
import exceptions from '../../../plugins/exceptions/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { mariadb, postgres } from '../../databases.ts'
import { build } from '../../helper.ts'
import { tcpProxy } from '../../tcp-proxy.ts'

interface Schema { vote: { id: number } }

const migrations = {
  '001-vote': {
    up: async (db: Database['db']) => {
      await db.schema.createTable('vote').addColumn('id', 'integer', column => column.primaryKey()).execute()
    }
  }
}

async function start (t: Test, options: DatabaseOptions) {
  // The first start of the embedded database takes seconds.
  const app = build(t, { pluginTimeout: 60_000 })
  await app.register(signals)
  await app.register(exceptions)
  await app.register(database, { migrations, ...options })
  const votes = databaseOf<Schema>(app)
  app.post<{ Params: { id: string } }>('/votes/:id', async (request, reply) => {
    await votes.db.insertInto('vote').values({ id: Number(request.params.id) }).execute()
    return reply.code(204).send()
  })
  app.get('/votes', async () => await votes.db.selectFrom('vote').select('id').orderBy('id').execute())
  app.get('/slow', async () => await sql`select pg_sleep(10)`.execute(votes.db))
  return app
}

t.test('the database is open while the app serves, and closed after its last request', async t => {
  const app = await start(t, {})
  t.throws(() => app.database.db, { code: 'AIO_ERR_DATABASE_CLOSED' })
  t.equal((await app.inject({ method: 'POST', url: '/votes/1' })).statusCode, 204)
  t.same((await app.inject('/votes')).json(), [{ id: 1 }])
  await app.close()
  t.throws(() => app.database.db, { code: 'AIO_ERR_DATABASE_CLOSED' })
})

for (const { name, skip, create } of [postgres, mariadb]) {
  t.test(`${name} away and back: 503 meanwhile, nothing lost, no restart`, { skip }, async t => {
    const url = new URL(await create(t))
    const proxy = await tcpProxy(t, url.hostname, Number(url.port || (name === 'MariaDB' ? 3306 : 5432)))
    url.port = String(proxy.port)
    const app = await start(t, { url: url.href, connectTimeout: 500, statementTimeout: 1_000 })
    const vote = async (id: number) => await app.inject({ method: 'POST', url: `/votes/${id}` })
    t.equal((await vote(1)).statusCode, 204)

    await proxy.cut()
    for (const id of [2, 3, 4]) {
      const answer = await vote(id)
      t.equal(answer.statusCode, 503)
      t.equal(answer.headers['retry-after'], '1')
      t.notMatch(answer.body, /127\.0\.0\.1|connect/i, 'clients are not told how the house is wired')
    }
    await proxy.restore()
    t.equal((await vote(5)).statusCode, 204)

    proxy.stall()
    const answers = await Promise.all([6, 7, 8].map(vote))
    t.same(answers.map(({ statusCode }) => statusCode), [503, 503, 503], 'a server that hangs is left')
    await proxy.cut()
    await proxy.restore()
    t.equal((await vote(9)).statusCode, 204)

    const ids = (await app.inject('/votes')).json<{ id: number }[]>().map(({ id }) => id)
    for (const id of [1, 5, 9]) t.ok(ids.includes(id), `vote ${id} is there`)
  })

  t.test(`${name}: a pool that is used up answers 503 instead of waiting for ever`, { skip }, async t => {
    const db = await new Database({ url: await create(t), poolSize: 1, connectTimeout: 50 }).open()
    t.teardown(() => db.close())
    await db.transaction(async () => {
      await t.rejects(db.check(), { statusCode: 503, code: 'AIO_ERR_DATABASE_UNAVAILABLE' })
    })
    await db.check()
  })

  t.test(`${name}: what is wrong with a URL is said at the start`, { skip }, async t => {
    const url = await create(t)
    const change = (edit: (url: URL) => void) => {
      const other = new URL(url)
      edit(other)
      return new Database({ url: other.href, connectTimeout: 1_000 }).open()
    }
    await t.rejects(change(url => { url.port = '1' }), { code: 'AIO_ERR_DATABASE_UNREACHABLE', message: /127\.0\.0\.1:1: .*ECONNREFUSED/ })
    await t.rejects(change(url => { url.pathname = '/aio_nowhere' }), { code: 'AIO_ERR_DATABASE_MISSING', message: /"aio_nowhere"/ })
    await t.rejects(change(url => { url.hostname = 'nowhere.invalid' }), { code: 'AIO_ERR_DATABASE_UNREACHABLE', message: /nowhere\.invalid/ })
    if (name === 'MariaDB') {
      await t.rejects(change(url => { url.password = 'wrong' }), { code: 'AIO_ERR_DATABASE_LOGIN', message: /"root"/ })
    } else {
      await t.rejects(change(url => { url.username = 'nobody' }), { code: 'AIO_ERR_DATABASE_LOGIN', message: /"nobody"/ })
    }
  })
}

t.test('an app whose database is missing does not start, and says why', async t => {
  const app = await start(t, { url: 'postgres://me:secret@127.0.0.1:1/shop' })
  await t.rejects(async () => await app.ready(), { code: 'AIO_ERR_DATABASE_UNREACHABLE', message: /127\.0\.0\.1:1/ })
})
