/**
 * A database from one URL: votes are counted in PostgreSQL, embedded unless DATABASE_URL says otherwise.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import database, { databaseOf, type Migration } from '../plugins/database/index.ts'
import exceptions, { HTTPNotFound } from '../plugins/exceptions/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import signals from '../plugins/signals/index.ts'

interface Schema { choice: { name: string, votes: number } }

const migrations: Record<string, Migration> = {
  '001-choice': {
    up: async db => {
      await db.schema.createTable('choice')
        .addColumn('name', 'varchar(50)', column => column.primaryKey())
        .addColumn('votes', 'integer', column => column.notNull())
        .execute()
      await (db as ReturnType<typeof databaseOf<Schema>>['db']).insertInto('choice')
        .values([{ name: 'tea', votes: 0 }, { name: 'coffee', votes: 0 }]).execute()
    },
    down: async db => { await db.schema.dropTable('choice').execute() }
  }
}

export default async function createApp (url = process.env['DATABASE_URL']) {
  // The embedded database takes some seconds to start.
  const app = Fastify({ pluginTimeout: 60_000, logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals)
  await app.register(exceptions)
  await app.register(database, { url, migrations })
  const polls = databaseOf<Schema>(app)

  app.get('/', async () => await polls.db.selectFrom('choice').selectAll().orderBy('name').execute())

  app.post<{ Params: { name: string } }>('/vote/:name', async (request, reply) => {
    const { numUpdatedRows } = await polls.db.updateTable('choice')
      .set(({ eb }) => ({ votes: eb('votes', '+', 1) }))
      .where('name', '=', request.params.name)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw new HTTPNotFound()
    return reply.code(204).send()
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
