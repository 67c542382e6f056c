/**
 * What goes wrong with databases: in the configuration, at the start, and while requests are served.
 *
 * @module
 */

import createError from '@fastify/error'
import { HTTPServiceUnavailable } from '../exceptions/index.ts'

/** A URL that names no database. Arguments: the URL without its password, why. */
export const AIO_ERR_DATABASE_URL = createError<[string, string]>(
  'AIO_ERR_DATABASE_URL', 'Invalid database URL "%s": %s; allowed are postgres://user@host/name, mysql://user@host/name ' +
  'and pglite: with an optional folder', 500, TypeError)

/** A driver that is not installed. Arguments: what needs it, the packages. */
export const AIO_ERR_DATABASE_PACKAGE = createError<[string, string]>(
  'AIO_ERR_DATABASE_PACKAGE', '%s needs packages that are not installed: npm install %s')

/** A server that does not answer. Arguments: host and port, why. */
export const AIO_ERR_DATABASE_UNREACHABLE = createError<[string, string]>(
  'AIO_ERR_DATABASE_UNREACHABLE', 'Cannot reach the database server at %s: %s')

/** A user that may not log in. Arguments: user, host and port. */
export const AIO_ERR_DATABASE_LOGIN = createError<[string, string]>(
  'AIO_ERR_DATABASE_LOGIN', 'The database server refused the user "%s" at %s: wrong name or password')

/** A database that does not exist. Arguments: its name, host and port. */
export const AIO_ERR_DATABASE_MISSING = createError<[string, string]>(
  'AIO_ERR_DATABASE_MISSING', 'There is no database "%s" at %s')

/** A migration that cannot be run. Arguments: its name, why. */
export const AIO_ERR_MIGRATION = createError<[string, string]>(
  'AIO_ERR_MIGRATION', 'Cannot run the migration "%s": %s')

/** Migrations that do not fit what the database has seen. Argument: why. */
export const AIO_ERR_MIGRATIONS = createError<[string]>(
  'AIO_ERR_MIGRATIONS', 'Cannot migrate: %s')

/** Something asked of a database that is not open. Argument: what. */
export const AIO_ERR_DATABASE_CLOSED = createError<[string]>(
  'AIO_ERR_DATABASE_CLOSED', 'Cannot %s: the database is not open')

/**
 * The database cannot be used now: down, restarting, no connection free, a statement that took too long. A request
 * that meets it is answered 503 with `Retry-After`; `cause` has the driver's error.
 */
export class DatabaseUnavailable extends HTTPServiceUnavailable {
  readonly code = 'AIO_ERR_DATABASE_UNAVAILABLE'

  constructor (why: string, cause?: unknown) {
    super({ cause, headers: { 'Retry-After': '1' } })
    // For logs; the client is told no more than the status.
    this.message = `The database is unavailable: ${why}`
  }
}
