/**
 * Sessions: values that follow a client from request to request (aiohttp_session).
 *
 * A session is loaded when it is asked for and saved, when it has changed, as its response is sent. A request that
 * does not ask for it pays for nothing but that its reply is remembered.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import { boolean, check, checkOptions, either, integer, milliseconds, nonEmptyString, oneOf } from '../../lib/options.ts'
import { rememberReplies, rememberReply } from '../responses/index.ts'
import type {} from '../routes/index.ts'
import { SessionCookie, type SessionCookieOptions } from './cookie.ts'
import { AIO_ERR_SESSION_MISSING } from './errors.ts'
import type { Session } from './session.ts'
import { Sessions } from './sessions.ts'
import { isStorage, type SessionStorage } from './storage.ts'

export { EncryptedCookieStorage, SignedCookieStorage, type CookieStorageOptions } from './cookie-storages.ts'
export type { SessionCookieOptions } from './cookie.ts'
export { SessionsUnavailable } from './errors.ts'
export { fromStore, type ExpressStore } from './express-store.ts'
export { MemoryStorage, type MemoryStorageOptions } from './memory-store.ts'
export { MongoStorage, type MongoStorageOptions } from './mongo-store.ts'
export { RedisStorage, type RedisStorageOptions } from './redis-store.ts'
export { Session, type SessionData } from './session.ts'
export { Sessions } from './sessions.ts'
export { sessionsMigration, SQLStorage, type SQLStorageOptions } from './sql-store.ts'
export type { FoundSession, RefusedSession, SavedSession, SessionChange, SessionRecord, SessionStorage } from './storage.ts'
export { StoreStorage, type SessionStore, type StoreStorageOptions } from './store-storage.ts'

/** Options of the sessions plugin. */
export interface SessionsOptions extends SessionCookieOptions {
  /** Where sessions are kept. */
  storage: SessionStorage
  /** How long a session lives after it was saved last, in milliseconds. @default 1209600000 (14 days) */
  maxAge?: number | undefined
  /** How long it lives from its beginning, whatever happens, in milliseconds. @default Infinity */
  absoluteMaxAge?: number | undefined
  /**
   * Whether a visit prolongs a session though nothing in it changes; a number: when it was saved so many milliseconds
   * ago.
   *
   * @default false
   */
  rolling?: boolean | number | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The sessions of the app, for plugins; handlers call `getSession(request)`. */
    readonly sessions: Sessions
  }
}

/** Two weeks. */
const defaultMaxAge = 14 * 24 * 60 * 60 * 1000

/**
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_COOKIE_NAME
 */
export default fp<SessionsOptions>(async function sessions (app, options) {
  checkSessionsOptions(options)
  const { absoluteMaxAge = Infinity, maxAge = defaultMaxAge, rolling = false, storage } = options
  const cookie = new SessionCookie(options)
  const renewAfter = rolling === true ? 0 : rolling === false ? Infinity : rolling
  const sessions = new Sessions({ storage, cookie, absoluteMaxAge, renewAfter }, maxAge)
  app.decorate('sessions', sessions)

  // Which reply belongs to a request is known to who calls the handler only; a hook may have loaded the session.
  const rememberAndRenew = (request: FastifyRequest, reply: FastifyReply) => {
    rememberReply(request, reply)
    sessions.attach(request)
  }
  const onRoute = (route: RouteOptions) => rememberReplies(route, rolling === false ? rememberReply : rememberAndRenew)
  app.addHook('onRoute', onRoute)
  app.addHook('onReady', async () => {
    if (app.hasDecorator('routes')) app.routes.onRoute(onRoute)
    await storage.open(app, cookie.name)
  })
  app.addHook('onClose', async () => { await storage.close() })
}, {
  name: 'sessions',
  fastify: '5.x'
})

/**
 * The session of a request, loaded the first time (aiohttp_session: get_session). Who changes it in hooks or in error
 * and not-found handlers has to give the reply.
 *
 * @throws AIO_ERR_SESSION_MISSING, SessionsUnavailable
 */
export async function getSession (request: FastifyRequest, reply?: FastifyReply): Promise<Session> {
  return await sessionsOf(request).get(request, reply)
}

/**
 * A new session in place of the one the client came with, which ends (aiohttp_session: new_session).
 *
 * @throws as `getSession()`, AIO_ERR_SESSION_SENT, AIO_ERR_SESSION_REPLY
 */
export async function newSession (request: FastifyRequest, reply?: FastifyReply): Promise<Session> {
  return await sessionsOf(request).new(request, reply)
}

function sessionsOf ({ server }: FastifyRequest): Sessions {
  if (!server.hasDecorator('sessions')) throw new AIO_ERR_SESSION_MISSING()
  return server.sessions
}

const storage = check('a storage, such as new EncryptedCookieStorage({ keys })', isStorage)

function checkSessionsOptions (options: SessionsOptions): void {
  // There is no sane default: in a cookie a secret is needed, in memory they get lost.
  if (options.storage === undefined) {
    throw new AIO_ERR_OPTION_INVALID('storage', 'the sessions plugin', storage.expected, 'undefined')
  }
  checkOptions('the sessions plugin', options, {
    storage,
    absoluteMaxAge: milliseconds,
    maxAge: integer(1),
    rolling: either(boolean, milliseconds),
    cookieName: nonEmptyString,
    domain: nonEmptyString,
    httpOnly: boolean,
    path: nonEmptyString,
    persistent: boolean,
    sameSite: oneOf('Strict', 'Lax', 'None'),
    secure: oneOf(true, false, 'auto')
  })
}
