/**
 * Where the secret of a client is kept: in its session, or in a signed cookie of its own.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { serializeCookie } from '../../lib/cookies.ts'
import { Signer, type Secret } from '../../lib/secrets.ts'
import { replyOf } from '../responses/index.ts'
import type { Sessions } from '../sessions/index.ts'
import { AIO_ERR_CSRF_REPLY } from './errors.ts'
import { isSecret } from './token.ts'

/** Keeps one secret for each client. */
export interface Keeper {
  read (request: FastifyRequest): Promise<string | null>
  write (request: FastifyRequest, reply: FastifyReply | undefined, secret: string): Promise<void>
}

/** The synchronizer pattern: a secret lives as long as the session it stands in. */
export class SessionKeeper implements Keeper {
  readonly #sessions: Sessions
  readonly #key: string

  constructor (sessions: Sessions, key: string) {
    this.#sessions = sessions
    this.#key = key
  }

  async read (request: FastifyRequest): Promise<string | null> {
    const secret: unknown = (await this.#sessions.get(request)).get(this.#key)
    return isSecret(secret) ? secret : null
  }

  async write (request: FastifyRequest, reply: FastifyReply | undefined, secret: string): Promise<void> {
    (await this.#sessions.get(request, reply)).set(this.#key, secret)
  }
}

/** The signed double-submit pattern, for apps without sessions. */
export class CookieKeeper implements Keeper {
  readonly #signer: Signer
  readonly #name: string

  /** @throws AIO_ERR_SECRET */
  constructor (keys: Secret | readonly Secret[], name: string) {
    this.#signer = new Signer(keys, `csrf ${name}`, 'the csrf plugin')
    this.#name = name
  }

  async read (request: FastifyRequest): Promise<string | null> {
    const name = this.#nameFor(request)
    for (const pair of request.headers.cookie?.split(';') ?? []) {
      const equals = pair.indexOf('=')
      if (pair.slice(0, equals).trim() !== name) continue
      const secret = this.#signer.unsign(pair.slice(equals + 1).trim())
      if (isSecret(secret)) return secret
    }
    return null
  }

  async write (request: FastifyRequest, given: FastifyReply | undefined, secret: string): Promise<void> {
    const reply = given ?? replyOf(request)
    if (reply === undefined) throw new AIO_ERR_CSRF_REPLY(request.method, request.url)
    const secure = request.protocol === 'https'
    const value = this.#signer.sign(secret)
    reply.header('set-cookie', serializeCookie(this.#nameFor(request), value, { httpOnly: true, sameSite: 'Lax', secure }))
  }

  /** So that no sibling domain can foist another one on the client. */
  #nameFor (request: FastifyRequest): string {
    return request.protocol === 'https' && !this.#name.startsWith('__') ? `__Host-${this.#name}` : this.#name
  }
}
