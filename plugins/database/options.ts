/**
 * The options of a database, their checks and their defaults.
 *
 * @module
 */

import { boolean, check, checkOptions, either, integer, milliseconds, string, type Shape }
  from '../../lib/options.ts'
import type { Migration } from './migrations.ts'

/** How a database is opened. */
export interface DatabaseOptions {
  /**
   * `postgres://user:password@host:port/name`, `mysql://…` (MariaDB too), `pglite:folder` for PostgreSQL embedded
   * in the process, or `pglite:` for one in memory.
   *
   * @default 'pglite:'
   */
  url?: string | undefined
  /**
   * The folder with migrations (a path or a `file:` URL), or the migrations themselves under their names.
   *
   * @default none
   */
  migrations?: string | URL | Readonly<Record<string, Migration>> | undefined
  /**
   * Runs the migrations that are missing when the database is opened.
   *
   * @default true
   */
  migrate?: boolean | undefined
  /**
   * How many connections there are at most.
   *
   * @default 10
   */
  poolSize?: number | undefined
  /**
   * How long connecting, or waiting for a connection of the pool, may take, in milliseconds.
   *
   * @default 5_000
   */
  connectTimeout?: number | undefined
  /**
   * How long one statement may take, in milliseconds. The embedded database cannot interrupt one.
   *
   * @default 30_000
   */
  statementTimeout?: number | undefined
}

/** Options with every default filled in. */
export interface ResolvedDatabaseOptions {
  readonly migrations: DatabaseOptions['migrations']
  readonly migrate: boolean
  readonly poolSize: number
  readonly connectTimeout: number
  readonly statementTimeout: number
}

const place = either(string, check('a file: URL', value => value instanceof URL && value.protocol === 'file:'))
const record = check('an object of migrations',
  value => typeof value === 'object' && value !== null && !(value instanceof URL))

const databaseShape: Shape<DatabaseOptions> = {
  url: string,
  migrations: either(place, record),
  migrate: boolean,
  poolSize: integer(1),
  connectTimeout: milliseconds,
  statementTimeout: milliseconds
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export function resolveDatabaseOptions (options: DatabaseOptions): ResolvedDatabaseOptions {
  checkOptions('the database', options, databaseShape)
  return {
    migrations: options.migrations,
    migrate: options.migrate ?? true,
    poolSize: options.poolSize ?? 10,
    connectTimeout: options.connectTimeout ?? 5_000,
    statementTimeout: options.statementTimeout ?? 30_000
  }
}
