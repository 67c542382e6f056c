/**
 * Sessions in the app's database: PostgreSQL, MySQL, MariaDB or the embedded one.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Kysely } from 'kysely'
import { checkOptions, integer, nonEmptyString } from '../../lib/options.ts'
import type { Database, Migration } from '../database/index.ts'
import { AIO_ERR_SESSION_DATABASE } from './errors.ts'
import { storeShape, StoreStorage, type SessionStore, type StoreStorageOptions } from './store-storage.ts'

/** Options of `SQLStorage`. */
export interface SQLStorageOptions extends StoreStorageOptions {
  /** How often expired sessions are removed, in milliseconds. @default 600000 (10 minutes) */
  cleanInterval?: number | undefined
  /** Another database than `app.database`, open and closed by you. */
  database?: Database | undefined
  /** The table that `sessionsMigration()` makes. @default 'aiohttp_session' */
  table?: string | undefined
}

/** Whatever the table is called. `id` is the SHA-256 of the key, `expires` in milliseconds since 1970. */
type Tables = Record<string, { id: string, session: string, expires: number }>

const defaultTable = 'aiohttp_session'
const tenMinutes = 600_000

/** The migration that makes the table; give it to the database plugin beside yours. */
export function sessionsMigration (table: string = defaultTable): Migration {
  return {
    async up (db) {
      await db.schema.createTable(table)
        .addColumn('id', 'char(64)', column => column.primaryKey())
        .addColumn('session', 'text', column => column.notNull())
        .addColumn('expires', 'bigint', column => column.notNull())
        .execute()
      await db.schema.createIndex(`${table}_expires`).on(table).column('expires').execute()
    },
    async down (db) {
      await db.schema.dropTable(table).execute()
    }
  }
}

/** Sessions in a table of the database plugin. */
export class SQLStorage extends StoreStorage {
  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: SQLStorageOptions = {}) {
    const { cleanInterval = tenMinutes, database, table = defaultTable, ...rest } = options
    checkOptions('SQLStorage', { cleanInterval, table, ...rest }, {
      ...storeShape, cleanInterval: integer(1, 2 ** 31 - 1), table: nonEmptyString
    })
    super(new SQLStore(table, cleanInterval, database), rest)
  }
}

class SQLStore implements SessionStore {
  readonly #table: string
  readonly #cleanInterval: number
  #database: Database | undefined
  #timer: NodeJS.Timeout | undefined

  constructor (table: string, cleanInterval: number, database: Database | undefined) {
    this.#table = table
    this.#cleanInterval = cleanInterval
    this.#database = database
  }

  open (app: FastifyInstance): void {
    if (this.#database === undefined && !app.hasDecorator('database')) throw new AIO_ERR_SESSION_DATABASE()
    this.#database ??= app.database
    const clean = () => {
      this.#clean().catch((error: unknown) => app.log.warn({ err: error }, 'Expired sessions could not be removed'))
    }
    this.#timer = setInterval(clean, this.#cleanInterval).unref()
  }

  close (): void {
    clearInterval(this.#timer)
  }

  async get (key: string): Promise<string | undefined> {
    const row = await this.#db.selectFrom(this.#table).select('session')
      .where('id', '=', idOf(key)).where('expires', '>', Date.now()).executeTakeFirst()
    return row?.session
  }

  async set (key: string, text: string, lifetime: number): Promise<void> {
    const values = { session: text, expires: expiry(lifetime) }
    const insert = this.#db.insertInto(this.#table).values({ id: idOf(key), ...values })
    await (this.#database?.kind === 'mysql'
      ? insert.onDuplicateKeyUpdate(values)
      : insert.onConflict(conflict => conflict.column('id').doUpdateSet(values))).execute()
  }

  async replace (key: string, text: string, lifetime: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable(this.#table)
      .set({ session: text, expires: expiry(lifetime) }).where('id', '=', idOf(key)).executeTakeFirst()
    return numUpdatedRows === 1n
  }

  async destroy (key: string): Promise<void> {
    await this.#db.deleteFrom(this.#table).where('id', '=', idOf(key)).execute()
  }

  async #clean (): Promise<void> {
    await this.#db.deleteFrom(this.#table).where('expires', '<=', Date.now()).execute()
  }

  get #db (): Kysely<Tables> {
    if (this.#database === undefined) throw new AIO_ERR_SESSION_DATABASE()
    return this.#database.db as Kysely<unknown> as Kysely<Tables>
  }
}

/** A key that MySQL does not take for another one in other letters, and that is no session to who reads the table. */
function idOf (key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function expiry (lifetime: number): number {
  return Math.floor(Date.now() + lifetime)
}
