/**
 * What goes wrong with sessions: in the code that uses them, and while their storage is away.
 *
 * @module
 */

import createError from '@fastify/error'
import { HTTPServiceUnavailable } from '../exceptions/index.ts'

/** A session that is asked for where there are none (aiohttp: "Install aiohttp_session middleware"). */
export const AIO_ERR_SESSION_MISSING = createError(
  'AIO_ERR_SESSION_MISSING', 'Cannot get a session: register the sessions plugin in the app of the route')

/** A change nobody could save: the reply is not known. Arguments: method, URL. */
export const AIO_ERR_SESSION_REPLY = createError<[string, string]>(
  'AIO_ERR_SESSION_REPLY', 'Cannot change the session of %s %s without its reply: register the sessions plugin before ' +
  'the route, and in hooks, error and not-found handlers give the reply, getSession(request, reply)')

/** A change that comes too late. Argument: what was tried. */
export const AIO_ERR_SESSION_SENT = createError<[string]>(
  'AIO_ERR_SESSION_SENT', 'Cannot %s the session: the response is on its way; change it, or await session.save(), before ' +
  'a response or a websocket is prepared')

/** A change nobody saved. Arguments: method, URL. */
export const AIO_ERR_SESSION_UNSAVED = createError<[string, string]>(
  'AIO_ERR_SESSION_UNSAVED', 'The session of %s %s was changed and not saved: its response was not sent by Fastify; ' +
  'await session.save() before a websocket is prepared or a reply hijacked')

/** An id for a session that has one. */
export const AIO_ERR_SESSION_IDENTITY = createError(
  'AIO_ERR_SESSION_IDENTITY', 'Cannot set the identity of a session that is not new: regenerate() gives it another one')

/** An id that is no cookie value. Argument: what came. */
export const AIO_ERR_SESSION_ID = createError<[string]>(
  'AIO_ERR_SESSION_ID', 'Invalid identity of a session: expected 16 to 256 letters, digits or any of "-_.~", got %s',
  500, TypeError)

/** A value that JSON does not have. Argument: why. */
export const AIO_ERR_SESSION_VALUE = createError<[string]>(
  'AIO_ERR_SESSION_VALUE', 'Cannot save the session: its values must be what JSON can hold: %s', 500, TypeError)

/** A session that does not fit in a cookie. Arguments: name of the cookie, bytes. */
export const AIO_ERR_SESSION_TOO_LARGE = createError<[string, number]>(
  'AIO_ERR_SESSION_TOO_LARGE', 'Cannot save the session in the cookie "%s": it would have %d bytes, and browsers keep ' +
  '4096; keep less, or use a storage on the server', 500, RangeError)

/** A store without the methods a store has. Argument: what came. */
export const AIO_ERR_SESSION_STORE = createError<[string]>(
  'AIO_ERR_SESSION_STORE', 'Invalid store for sessions: expected methods get, set and destroy, got %s', 500, TypeError)

/** Sessions in SQL need a database. */
export const AIO_ERR_SESSION_DATABASE = createError(
  'AIO_ERR_SESSION_DATABASE', 'Cannot keep sessions in SQL: register the database plugin, or give SQLStorage a database')

/** A package that is not installed. Arguments: package, what needs it. */
export const AIO_ERR_SESSION_PACKAGE = createError<[string, string]>(
  'AIO_ERR_SESSION_PACKAGE', 'Cannot find the package "%s", which %s needs: install it beside this one')

/**
 * The store cannot be reached now. A request that needs its session is answered 503 with `Retry-After`; `cause` has
 * the store's error.
 */
export class SessionsUnavailable extends HTTPServiceUnavailable {
  readonly code = 'AIO_ERR_SESSIONS_UNAVAILABLE'

  constructor (cause: unknown) {
    super({ cause, headers: { 'Retry-After': '1' } })
    // For logs; the client is told no more than the status.
    this.message = `The sessions are unavailable: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}
