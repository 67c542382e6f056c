/**
 * The sessions of an app: which request has which.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { rememberReply } from '../responses/index.ts'
import { isOversized } from './cookie.ts'
import type { Session } from './session.ts'
import type { FoundSession, RefusedSession } from './storage.ts'
import { Visit, type VisitRules } from './visit.ts'

/** What `app.sessions` offers; for plugins that build on sessions. */
export class Sessions {
  readonly #rules: VisitRules
  readonly #maxAge: number
  readonly #visits = new WeakMap<IncomingMessage, Promise<Visit>>()
  readonly #loaded = new WeakMap<IncomingMessage, Visit>()

  constructor (rules: VisitRules, maxAge: number) {
    this.#rules = rules
    this.#maxAge = maxAge
  }

  /** The session of a request, loaded once. @throws SessionsUnavailable */
  async get (request: FastifyRequest, reply?: FastifyReply): Promise<Session> {
    return (await this.#visit(request, reply)).session
  }

  /**
   * A new session in place of the one the client came with.
   *
   * @throws as `get()`, AIO_ERR_SESSION_SENT, AIO_ERR_SESSION_REPLY
   */
  async new (request: FastifyRequest, reply?: FastifyReply): Promise<Session> {
    return (await this.#visit(request, reply)).restart(this.#maxAge)
  }

  /** For who has remembered the reply: a session that a hook has loaded may have to be renewed with it. */
  attach (request: FastifyRequest): void {
    this.#loaded.get(request.raw)?.attach()
  }

  async #visit (request: FastifyRequest, given: FastifyReply | undefined): Promise<Visit> {
    // The first reply is Fastify's own; a handler inside of middlewares has another one.
    if (given !== undefined) rememberReply(request, given)
    let visit = this.#visits.get(request.raw)
    if (visit === undefined) {
      visit = this.#load(request)
      this.#visits.set(request.raw, visit)
      // What failed may be tried again.
      visit.catch(() => this.#visits.delete(request.raw))
    }
    const loaded = await visit
    this.#loaded.set(request.raw, loaded)
    loaded.attach()
    return loaded
  }

  async #load (request: FastifyRequest): Promise<Visit> {
    const values = this.#rules.cookie.valuesOf(request)
    let refused: RefusedSession | undefined
    for (const value of values) {
      const found = isOversized(value)
        ? { refused: 'longer than any that was set', suspicious: true }
        : this.#ended(await this.#rules.storage.load(value))
      if ('record' in found) return new Visit(request, this.#rules, { ...found, maxAge: this.#maxAge }, true)
      refused ??= found
    }
    if (refused !== undefined) {
      const level = refused.suspicious ? 'warn' : 'info'
      request.log[level]({ reason: refused.refused }, 'The session of a cookie was refused: a new one begins')
    }
    const start = { record: null, identity: null, maxAge: this.#maxAge }
    return new Visit(request, this.#rules, start, values.length > 0)
  }

  /** Sessions end whether or not the client or a store has noticed. */
  #ended (found: FoundSession | RefusedSession): FoundSession | RefusedSession {
    if ('refused' in found) return found
    const { created, saved, maxAge } = found.record
    const end = Math.min(saved + maxAge, created + this.#rules.absoluteMaxAge)
    return Date.now() < end ? found : { refused: 'expired', suspicious: false }
  }
}
