/**
 * A database, opened from one URL: queries, transactions, migrations, and whether it is well.
 *
 * @module
 */

import type { IsolationLevel, Kysely, Transaction } from 'kysely'
import { checkOptions, integer, oneOf } from '../../lib/options.ts'
import { explain, isConflict } from './driver-errors.ts'
import { AIO_ERR_DATABASE_CLOSED } from './errors.ts'
import { migrateTo, readMigrations, type MigrationState, type MigrationTarget } from './migrations.ts'
import { resolveDatabaseOptions, type DatabaseOptions, type ResolvedDatabaseOptions } from './options.ts'
import { embeddedPool, load, mysqlPool, postgresPool, type IdleErrorListener } from './pools.ts'
import { parseDatabaseUrl, type DatabaseAddress, type DatabaseKind } from './url.ts'

/** Options of one transaction. */
export interface TransactionOptions {
  /** @default the database's own: `repeatable read` of MySQL, `read committed` of PostgreSQL */
  isolationLevel?: IsolationLevel | undefined
  /**
   * How often it is done again after it lost a race against another one: a deadlock or a serialization failure.
   *
   * @default 3
   */
  retries?: number | undefined
}

const levels = ['read uncommitted', 'read committed', 'repeatable read', 'serializable', 'snapshot']

/** A database that knows the tables of `Schema`. */
export class Database<Schema = unknown> implements AsyncDisposable {
  /** The family: what it can do differs. */
  readonly kind: DatabaseKind
  /** Its URL, the password replaced. */
  readonly url: string
  readonly #address: DatabaseAddress
  readonly #options: ResolvedDatabaseOptions
  #db: Kysely<Schema> | undefined

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_DATABASE_URL */
  constructor (options: DatabaseOptions = {}) {
    this.#options = resolveDatabaseOptions(options)
    this.#address = parseDatabaseUrl(options.url)
    this.kind = this.#address.kind
    this.url = this.#address.redacted
  }

  /** The query builder. @throws AIO_ERR_DATABASE_CLOSED before `open()` and after `close()` */
  get db (): Kysely<Schema> {
    if (this.#db === undefined) throw new AIO_ERR_DATABASE_CLOSED('query')
    return this.#db
  }

  /**
   * Connects, and runs the migrations that are missing.
   *
   * @param onIdleError is told of connections that break while nobody uses them; they are replaced
   * @throws AIO_ERR_DATABASE_PACKAGE, AIO_ERR_DATABASE_UNREACHABLE, AIO_ERR_DATABASE_LOGIN, AIO_ERR_DATABASE_MISSING,
   *   AIO_ERR_MIGRATION, AIO_ERR_MIGRATIONS
   */
  async open (onIdleError: IdleErrorListener = () => {}): Promise<this> {
    if (this.#db !== undefined) return this
    const { migrate, migrations } = this.#options
    // Before the database: a folder that is wrong is wrong everywhere.
    if (migrations !== undefined) await readMigrations(migrations)
    const { Kysely } = await load('The database', 'kysely', () => import('kysely'))
    this.#db = new Kysely<Schema>({ dialect: await this.#dialect(onIdleError) })
    try {
      await this.check()
      if (migrate && migrations !== undefined) await this.migrate()
    } catch (error) {
      await this.close()
      throw explain(error, this.#address)
    }
    return this
  }

  /** Waits for queries under way, and closes all connections. */
  async close (): Promise<void> {
    const db = this.#db
    this.#db = undefined
    await db?.destroy()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.close()
  }

  /** Resolves when the database answers. @throws DatabaseUnavailable, AIO_ERR_DATABASE_CLOSED */
  async check (): Promise<void> {
    const { sql } = await import('kysely')
    await sql`select 1`.execute(this.db)
  }

  /**
   * Does `work` in one transaction: all of it or nothing. It may be called again, when the transaction lost a race;
   * never when it is not known whether it was committed.
   *
   * @throws what `work` throws, and everything is undone
   */
  async transaction<T> (
    work: (transaction: Transaction<Schema>) => Promise<T>, options: TransactionOptions = {}
  ): Promise<T> {
    checkOptions('transaction()', options, { isolationLevel: oneOf(...levels), retries: integer(0) })
    for (let left = options.retries ?? 3; ; left--) {
      try {
        const builder = this.db.transaction()
        const { isolationLevel } = options
        return await (isolationLevel === undefined ? builder : builder.setIsolationLevel(isolationLevel)).execute(work)
      } catch (error) {
        if (left === 0 || !isConflict(error)) throw error
      }
    }
  }

  /**
   * Runs migrations, or takes them back.
   *
   * @returns their names
   * @throws AIO_ERR_MIGRATION, AIO_ERR_MIGRATIONS
   */
  async migrate (target: MigrationTarget = 'latest'): Promise<string[]> {
    const { migrator, names } = await this.#migrator()
    return await migrateTo(migrator, target, names)
  }

  /** Which migrations there are, and which of them were run. @throws AIO_ERR_MIGRATION, AIO_ERR_MIGRATIONS */
  async migrations (): Promise<MigrationState[]> {
    const { migrator } = await this.#migrator()
    return (await migrator.getMigrations()).map(({ name, executedAt }) => ({ name, executedAt }))
  }

  async #migrator () {
    const { Migrator } = await import('kysely')
    const migrations = await readMigrations(this.#options.migrations ?? {})
    const migrator = new Migrator({ db: this.db, provider: { getMigrations: async () => migrations } })
    return { migrator, names: Object.keys(migrations) }
  }

  async #dialect (onIdleError: IdleErrorListener) {
    const { MysqlDialect, PostgresDialect } = await import('kysely')
    const address = this.#address
    const options = this.#options
    if (this.kind === 'mysql') return new MysqlDialect({ pool: await mysqlPool(address, options) })
    const pool = this.kind === 'pglite' ? embeddedPool(address, options) : postgresPool(address, options, onIdleError)
    return new PostgresDialect({ pool: await pool })
  }
}
