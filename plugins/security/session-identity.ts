/**
 * Identities in the session.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkOptions, nonEmptyString } from '../../lib/options.ts'
import type { Sessions } from '../sessions/index.ts'
import { AIO_ERR_SECURITY_SESSIONS } from './errors.ts'
import type { IdentityPolicy, RememberOptions, ResponseLike } from './policy.ts'

/** Options of `SessionIdentity`. */
export interface SessionIdentityOptions {
  /** Under which name it stands in the session. @default 'AIOHTTP_SECURITY' */
  sessionKey?: string | undefined
}

/**
 * Remembers identities in sessions (aiohttp_security: SessionIdentityPolicy). Who logs in or out gets another session
 * id: one that was foisted on the client before does not become that of a user.
 */
export class SessionIdentity implements IdentityPolicy {
  readonly #key: string

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: SessionIdentityOptions = {}) {
    checkOptions('SessionIdentity', options, { sessionKey: nonEmptyString })
    this.#key = options.sessionKey ?? 'AIOHTTP_SECURITY'
  }

  async identify (request: FastifyRequest): Promise<string | null> {
    const identity: unknown = (await sessionsOf(request).get(request)).get(this.#key)
    return typeof identity === 'string' ? identity : null
  }

  async remember (
    request: FastifyRequest, response: ResponseLike, identity: string, { maxAge }: RememberOptions
  ): Promise<void> {
    const session = await sessionsOf(request).get(request, replyIn(response))
    session.regenerate()
    session.set(this.#key, identity)
    if (maxAge !== undefined) session.maxAge = maxAge
  }

  async forget (request: FastifyRequest, response: ResponseLike): Promise<void> {
    const session = await sessionsOf(request).get(request, replyIn(response))
    if (!session.delete(this.#key)) return
    session.regenerate()
  }
}

function sessionsOf ({ server }: FastifyRequest): Sessions {
  if (!server.hasDecorator('sessions')) throw new AIO_ERR_SECURITY_SESSIONS()
  return server.sessions
}

/** A response of this package is not needed: the session is saved with whatever is sent. */
function replyIn (response: ResponseLike): FastifyReply | undefined {
  return 'delCookie' in response ? undefined : response
}
