/** Queries, transactions and migrations, on every database that is there. */

import path from 'node:path'
import { sql, type ColumnType, type Generated } from 'kysely'
import t from 'tap'
import { Database, type Migration } from '../../../plugins/database/index.ts'
import { embedded, mariadb, postgres } from '../../databases.ts'

interface Schema {
  question: { id: Generated<number>, text: string, published: ColumnType<string>, votes: Generated<number> }
}

const migrations: Record<string, Migration> = {
  '001-question': {
    up: async db => {
      await db.schema.createTable('question')
        .addColumn('id', 'integer', column => column.primaryKey())
        .addColumn('text', 'varchar(200)', column => column.notNull())
        .addColumn('published', 'date', column => column.notNull())
        .execute()
    },
    down: async db => { await db.schema.dropTable('question').execute() }
  },
  '002-votes': {
    up: async db => {
      await db.schema.alterTable('question').addColumn('votes', 'bigint', column => column.notNull().defaultTo(0)).execute()
    },
    down: async db => { await db.schema.alterTable('question').dropColumn('votes').execute() }
  }
}

for (const { name, skip, create } of [embedded, postgres, mariadb]) {
  t.test(name, { skip }, async t => {
    const url = await create(t)
    const database = new Database<Schema>({ url, migrations, statementTimeout: 1_000 })
    t.teardown(() => database.close())
    await database.open()
    const { db } = database

    t.test('migrations are run when it is opened', async t => {
      t.same((await database.migrations()).map(({ name, executedAt }) => [name, executedAt instanceof Date]),
        [['001-question', true], ['002-votes', true]])
      t.same(await database.migrate(), [], 'and not a second time')
    })

    t.test('values come back as they went, the same from every database', async t => {
      await db.insertInto('question').values({ id: 1, text: 'Täglich?', published: '2026-02-28' }).execute()
      await db.updateTable('question').set({ votes: 3 }).where('id', '=', 1).execute()
      const row = await db.selectFrom('question').selectAll().executeTakeFirst()
      t.same(row, { id: 1, text: 'Täglich?', published: '2026-02-28', votes: 3 })
      const { count } = await db.selectFrom('question').select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow()
      t.equal(count, 1)
      const { numUpdatedRows } = await db.updateTable('question').set({ text: 'Daily?' }).executeTakeFirst()
      t.equal(numUpdatedRows, 1n)
    })

    t.test('a transaction is all or nothing', async t => {
      await t.rejects(database.transaction(async trx => {
        await trx.updateTable('question').set({ votes: 100 }).execute()
        throw new Error('no')
      }), { message: 'no' })
      t.match(await db.selectFrom('question').select('votes').executeTakeFirst(), { votes: 3 })
      t.equal(await database.transaction(async trx => {
        await trx.updateTable('question').set({ votes: 4 }).execute()
        return 'yes'
      }), 'yes')
      t.match(await db.selectFrom('question').select('votes').executeTakeFirst(), { votes: 4 })
    })

    t.test('no vote is lost when many come at once', async t => {
      await db.updateTable('question').set({ votes: 0 }).execute()
      await Promise.all(Array.from({ length: 200 }, () => database.transaction(async trx => {
        await trx.updateTable('question').set(({ eb }) => ({ votes: eb('votes', '+', 1) })).where('id', '=', 1).execute()
      })))
      t.match(await db.selectFrom('question').select('votes').executeTakeFirst(), { votes: 200 })
    })

    t.test('a transaction that lost a race is done again', async t => {
      if (name === 'embedded') return
      let runs = 0
      const increment = () => database.transaction(async trx => {
        runs += 1
        const { votes } = await trx.selectFrom('question').select('votes').where('id', '=', 1).executeTakeFirstOrThrow()
        await trx.updateTable('question').set({ votes: votes + 1 }).where('id', '=', 1).execute()
      }, { isolationLevel: 'serializable', retries: 50 })
      await db.updateTable('question').set({ votes: 0 }).execute()
      await Promise.all(Array.from({ length: 5 }, increment))
      t.match(await db.selectFrom('question').select('votes').executeTakeFirst(), { votes: 5 })
      t.ok(runs > 5, `${runs} runs`)
    })

    t.test('an error of the database stays what it is', async t => {
      await t.rejects(db.insertInto('question').values({ id: 1, text: 'twice', published: '2026-01-01' }).execute(),
        { code: name === 'MariaDB' ? 'ER_DUP_ENTRY' : '23505' })
      await t.rejects(sql`select * from nowhere`.execute(db))
      await database.check()
    })

    t.test('a statement that takes too long is stopped, and the connection goes on', async t => {
      if (name === 'embedded') return
      // MariaDB's sleep() ends early and calls that a success.
      const slow = name === 'MariaDB'
        ? sql`select count(*) from information_schema.columns a, information_schema.columns b, information_schema.columns c`
        : sql`select pg_sleep(20)`
      await t.rejects(slow.execute(db), { statusCode: 503, code: 'AIO_ERR_DATABASE_UNAVAILABLE', message: /too long/ })
      await database.check()
    })

    t.test('migrations are taken back and run again, one by one', async t => {
      t.same(await database.migrate('down'), ['002-votes'])
      t.same(await database.migrate('down'), ['001-question'])
      t.same(await database.migrate('001-question'), ['001-question'])
      t.same((await database.migrations()).map(({ executedAt }) => executedAt !== undefined), [true, false])
      t.same(await database.migrate('up'), ['002-votes'])
      await t.rejects(database.migrate('003'), { code: 'AIO_ERR_MIGRATIONS', message: /"003"; there are 001-question, 002/ })
    })

    t.test('a migration that fails is named and not counted as run', async t => {
      const failing = new Database({
        url: name === 'embedded' ? 'pglite:' : url,
        migrations: { ...migrations, '003-wrong': { up: async db => { await sql`create nonsense`.execute(db) } } }
      })
      await t.rejects(failing.open(), { code: 'AIO_ERR_MIGRATION', message: /"003-wrong"/ })
      t.throws(() => failing.db, { code: 'AIO_ERR_DATABASE_CLOSED' })
    })

    t.test('several processes may migrate at once', async t => {
      if (name === 'embedded') return
      await database.migrate('down')
      await database.migrate('down')
      const others = [1, 2, 3].map(() => new Database({ url, migrations }))
      t.teardown(() => Promise.all(others.map(other => other.close())))
      await Promise.all(others.map(other => other.open()))
      t.same((await database.migrations()).map(({ executedAt }) => executedAt !== undefined), [true, true])
    })
  })
}

t.test('migrations are read from a folder, in the order of their names', async t => {
  const folder = t.testdir({
    '002-b.mjs': 'export async function up () {}',
    '001-a.mjs': 'export async function up () {}; export async function down () {}',
    'notes.txt': '',
    'types.d.ts': ''
  })
  const database = await new Database({ url: 'pglite:', migrations: folder }).open()
  t.teardown(() => database.close())
  t.same((await database.migrations()).map(({ name }) => name), ['001-a', '002-b'])
})

t.test('a folder that is wrong says how', async t => {
  const folder = t.testdir({ '001-a.mjs': 'export const upp = 1' })
  await t.rejects(new Database({ migrations: folder }).open(), { code: 'AIO_ERR_MIGRATION', message: /"001-a".*up\(db\)/ })
  await t.rejects(new Database({ migrations: path.join(folder, 'nowhere') }).open(),
    { code: 'AIO_ERR_MIGRATIONS', message: /nowhere cannot be read/ })
})

t.test('wrong options are coded errors', async t => {
  t.throws(() => new Database({ pool: 3 } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  t.throws(() => new Database({ poolSize: 0 }), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => new Database({ url: 'shop' }), { code: 'AIO_ERR_DATABASE_URL' })
  t.throws(() => new Database().db, { code: 'AIO_ERR_DATABASE_CLOSED' })
})

t.test('an embedded database in a folder is there again the next time', async t => {
  const folder = t.testdir({})
  const url = `pglite:${path.join(folder, 'data')}`
  const one = await new Database<Schema>({ url, migrations }).open()
  await one.db.insertInto('question').values({ id: 1, text: 'Still here?', published: '2026-01-01' }).execute()
  await one.close()
  const two = await new Database<Schema>({ url, migrations }).open()
  t.teardown(() => two.close())
  t.match(await two.db.selectFrom('question').select('text').executeTakeFirst(), { text: 'Still here?' })
})
