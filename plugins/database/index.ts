/**
 * A database from one URL: PostgreSQL, MySQL, MariaDB, or PostgreSQL embedded in the process.
 *
 * Opened before the app serves and closed after its last request. Queries are built with Kysely, the part that
 * SQLAlchemy's core plays beside aiohttp.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type {} from '../signals/index.ts'
import { Database } from './database.ts'
import type { DatabaseOptions } from './options.ts'

export { Database, type TransactionOptions } from './database.ts'
export { DatabaseUnavailable } from './errors.ts'
export { type Migration, type MigrationState, type MigrationTarget } from './migrations.ts'
export { type DatabaseOptions } from './options.ts'
export { type DatabaseKind } from './url.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The app's database; `databaseOf<Schema>(app)` is the same one with the types of its tables. */
    readonly database: Database
  }
}

/** The database of an app, with the types of its tables. */
export function databaseOf<Schema> (app: FastifyInstance): Database<Schema> {
  return app.database as Database<Schema>
}

export default fp<DatabaseOptions>(async function database (app, options) {
  const database = new Database(options)
  app.decorate('database', database)
  app.cleanupContext(async function * database () {
    await app.database.open(error => app.log.warn(error, 'A connection of the database broke'))
    app.log.info(`Database: ${app.database.url}`)
    yield
    await app.database.close()
  })
}, {
  name: 'database',
  fastify: '5.x',
  dependencies: ['signals', 'exceptions']
})
