/**
 * What drivers throw, sorted: the server is away, the login is wrong, the database is missing, or the statement failed.
 *
 * @module
 */

import {
  AIO_ERR_DATABASE_LOGIN, AIO_ERR_DATABASE_MISSING, AIO_ERR_DATABASE_UNREACHABLE, DatabaseUnavailable
} from './errors.ts'
import type { DatabaseAddress } from './url.ts'

const logins = ['28P01', '28000', 'ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR']
const missing = ['3D000', 'ER_BAD_DB_ERROR']

/** Statements that were stopped because they took too long. */
const tooLong = /^(57014|errno 1969|ER_STATEMENT_TIMEOUT|ER_QUERY_TIMEOUT|PROTOCOL_SEQUENCE_TIMEOUT)$/

/** SQLSTATE class 08, shutdowns and full servers of PostgreSQL; the same of MySQL; and what sockets say. */
const away = new RegExp('^(08...|57P0[1-5]|53300|ER_SERVER_SHUTDOWN|ER_CON_COUNT_ERROR|ER_CONNECTION_KILLED|' +
  'ER_NORMAL_SHUTDOWN|PROTOCOL_CONNECTION_LOST|PROTOCOL_ENQUEUE_AFTER_\\w+|ECONNREFUSED|ECONNRESET|ECONNABORTED|' +
  'EPIPE|errno 1927|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)$')

/** What drivers say without a code. */
const awayWords = /terminat|timeout exceeded when trying to connect|not queryable|read timeout|closed state|Connection lost/i

/** Transactions that lost a race: doing them again is right (SQLSTATE 40001, 40P01; MySQL 1213). */
const conflicts = ['40001', '40P01', 'ER_LOCK_DEADLOCK']

/** Whether a connection that threw this must not be used again. */
export function isBroken (error: unknown): boolean {
  return isAway(error) || codeOf(error) === 'PROTOCOL_SEQUENCE_TIMEOUT'
}

/** Whether the same transaction may well succeed when it is done again; nothing of it was committed. */
export function isConflict (error: unknown): boolean {
  return conflicts.includes(codeOf(error))
}

/** The error for whoever made the query: `DatabaseUnavailable`, or what the driver threw. */
export function translate (error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error
  if (tooLong.test(codeOf(error))) return new DatabaseUnavailable('the statement took too long', error)
  return isAway(error) ? new DatabaseUnavailable(messageOf(error), error) : error
}

/** The error for whoever opens a database: it names what to correct. */
export function explain (error: unknown, { name, server, user }: DatabaseAddress): unknown {
  const cause = error instanceof DatabaseUnavailable ? error.cause ?? error : error
  const code = codeOf(cause)
  if (logins.includes(code)) return Object.assign(new AIO_ERR_DATABASE_LOGIN(user, server), { cause })
  if (missing.includes(code)) return Object.assign(new AIO_ERR_DATABASE_MISSING(name, server), { cause })
  if (!isAway(cause) && !(error instanceof DatabaseUnavailable)) return error
  return Object.assign(new AIO_ERR_DATABASE_UNREACHABLE(server, messageOf(cause)), { cause })
}

function isAway (error: unknown): boolean {
  return away.test(codeOf(error)) || (codeOf(error) === '' && awayWords.test(messageOf(error)))
}

function codeOf (error: unknown): string {
  const { code, errno } = (error ?? {}) as { code?: unknown, errno?: unknown }
  // mysql2 has no names for errors that only MariaDB knows.
  return typeof code === 'string' ? code : typeof errno === 'number' ? `errno ${errno}` : ''
}

/** An error of several addresses has no message of its own. */
function messageOf (error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
