/**
 * The pools of the three drivers, in the form the query builder takes them: with limits on every wait, one set of
 * errors, and without connections that have broken.
 *
 * @module
 */

import type { MysqlPool, MysqlPoolConnection, MysqlQueryResult, PostgresPool, PostgresPoolClient } from 'kysely'
import type { PoolConnection } from 'mysql2'
import type { CustomTypesConfig, PoolClient } from 'pg'
import { AIO_ERR_DATABASE_PACKAGE, DatabaseUnavailable } from './errors.ts'
import { isBroken, translate } from './driver-errors.ts'
import { Lock } from './lock.ts'
import type { ResolvedDatabaseOptions } from './options.ts'
import type { DatabaseAddress } from './url.ts'

/** How much longer than the server we wait for the end of a statement, in milliseconds: it may not answer at all. */
const GRACE = 1_000

/** PostgreSQL's numbers of types whose values arrive in a form of their own in each driver. */
const INT8 = 20
const DATE = 1082

/** Tells of errors of connections that nobody uses. */
export type IdleErrorListener = (error: Error) => void

/** Embedded PostgreSQL: one connection, lent to one at a time. @throws AIO_ERR_DATABASE_PACKAGE */
export async function embeddedPool (
  { folder }: DatabaseAddress, options: ResolvedDatabaseOptions
): Promise<PostgresPool> {
  const { PGlite } = await load('The embedded database', '@electric-sql/pglite', () => import('@electric-sql/pglite'))
  const parsers = { [INT8]: safeInteger, [DATE]: (text: string) => text }
  const database = await PGlite.create({ ...folder === undefined ? {} : { dataDir: folder }, parsers })
  const lock = new Lock()
  return {
    connect: async () => {
      const release = await lock.acquire(options.connectTimeout)
      if (release === null) throw new DatabaseUnavailable('no connection became free in time')
      return {
        query: async (sql: unknown, parameters: readonly unknown[] = []) => {
          const { rows, affectedRows = 0 } = await database.query(String(sql), [...parameters])
          const command = /^\s*(insert|update|delete|merge|with)\b/i.test(String(sql)) ? 'UPDATE' : 'SELECT'
          return { command, rowCount: affectedRows, rows }
        },
        release
      } as unknown as PostgresPoolClient
    },
    end: () => database.close()
  }
}

/** PostgreSQL. @throws AIO_ERR_DATABASE_PACKAGE */
export async function postgresPool (
  { url }: DatabaseAddress, options: ResolvedDatabaseOptions, onIdleError: IdleErrorListener
): Promise<PostgresPool> {
  const { default: pg } = await load('PostgreSQL', 'pg', () => import('pg'))
  const { connectTimeout, poolSize, statementTimeout } = options
  const types = {
    getTypeParser: (type: number, format?: 'text' | 'binary') => {
      if (type === INT8) return safeInteger
      return type === DATE ? String : pg.types.getTypeParser(type, format as 'text')
    }
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: statementTimeout,
    query_timeout: statementTimeout === 0 ? 0 : statementTimeout + GRACE,
    keepAlive: true,
    types: types as CustomTypesConfig
  })
  pool.on('error', onIdleError)
  // A connection may also break while it is lent out and no statement runs: then nobody else listens.
  pool.on('connect', client => { client.on('error', onIdleError) })
  return {
    connect: async () => lendPostgres(await pool.connect().catch(error => { throw translate(error) })),
    end: () => pool.end()
  }
}

/** A connection on loan: its errors are ours, and one that broke does not come back into the pool. */
function lendPostgres (client: PoolClient): PostgresPoolClient {
  let broken = false
  return {
    query: async (sql: unknown, parameters: readonly unknown[]) => {
      try {
        return await client.query(String(sql), [...parameters])
      } catch (error) {
        broken ||= isBroken(error)
        throw translate(error)
      }
    },
    release: () => client.release(broken)
  } as unknown as PostgresPoolClient
}

/** MySQL and MariaDB. @throws AIO_ERR_DATABASE_PACKAGE */
export async function mysqlPool ({ url }: DatabaseAddress, options: ResolvedDatabaseOptions): Promise<MysqlPool> {
  const { default: mysql } = await load('MySQL', 'mysql2', () => import('mysql2'))
  const { connectTimeout, poolSize, statementTimeout } = options
  const timeout = statementTimeout === 0 ? undefined : statementTimeout + GRACE
  const pool = mysql.createPool({
    uri: url,
    connectionLimit: poolSize,
    connectTimeout,
    dateStrings: ['DATE'],
    supportBigNumbers: true,
    timezone: 'Z',
    enableKeepAlive: true
  })
  // MariaDB counts seconds, MySQL milliseconds and only of SELECT; each refuses the other's word.
  pool.on('connection', connection => {
    connection.query(`set max_statement_time = ${statementTimeout / 1000}`, (error: Error | null) => {
      if (error !== null) connection.query(`set max_execution_time = ${statementTimeout}`, () => {})
    })
  })
  return {
    getConnection: callback => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        callback(new DatabaseUnavailable('no connection became free in time'), undefined as never)
      }, connectTimeout)
      pool.getConnection((error, connection) => {
        clearTimeout(timer)
        if (late) return connection?.release()
        if (error !== null) return callback(translate(error), undefined as never)
        callback(null, lendMysql(connection, timeout))
      })
    },
    end: callback => pool.end(callback)
  }
}

/** As `lendPostgres()`; `timeout` is that of each statement, in milliseconds. */
function lendMysql (connection: PoolConnection, timeout: number | undefined): MysqlPoolConnection {
  let broken = false
  return {
    query: (sql: string, values: unknown[], done: (error: unknown, result: MysqlQueryResult) => void) => {
      connection.query({ sql, values, ...timeout === undefined ? {} : { timeout } }, (error, result) => {
        broken ||= error !== null && isBroken(error)
        done(error === null ? null : translate(error), result as unknown as MysqlQueryResult)
      })
    },
    release: () => broken ? connection.destroy() : connection.release()
  } as MysqlPoolConnection
}

/** Numbers where they are exact, as the embedded database gives them, and else BigInt. */
function safeInteger (text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

/** Loads a driver only for those who use it. */
export async function load<T> (what: string, packages: string, importing: () => Promise<T>): Promise<T> {
  try {
    return await importing()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw Object.assign(new AIO_ERR_DATABASE_PACKAGE(what, packages), { cause: error })
  }
}
