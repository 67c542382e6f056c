/**
 * The session of one request: loaded when it is asked for, saved when its response is sent.
 *
 * There is no hook for that, which every request would pay for: the reply of a request that asked for its session
 * gets a `send()` of its own, which saves and then sends.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTPException } from '../exceptions/index.ts'
import { replyOf } from '../responses/index.ts'
import type { SessionCookie } from './cookie.ts'
import { AIO_ERR_SESSION_REPLY, AIO_ERR_SESSION_SENT, AIO_ERR_SESSION_UNSAVED } from './errors.ts'
import { Session, type SessionStart, type SessionVisit } from './session.ts'
import type { SavedSession, SessionStorage } from './storage.ts'

/** What all visits of an app share. */
export interface VisitRules {
  readonly storage: SessionStorage
  readonly cookie: SessionCookie
  /** How long a session lives whatever happens, from its beginning; in milliseconds. */
  readonly absoluteMaxAge: number
  /** A session that was saved longer ago is saved again though nothing changed; in milliseconds. */
  readonly renewAfter: number
}

/** One request and its session. */
export class Visit implements SessionVisit {
  session: Session
  readonly #request: FastifyRequest
  readonly #rules: VisitRules
  /** Whether the client has a cookie that should go when the session ends. */
  readonly #hasCookie: boolean
  /** Not known before the handler is called, unless a hook gave it. */
  #reply: FastifyReply | undefined
  /** The answer is given: what changes from here on would be lost. */
  #answered = false
  /** The handler failed: what it has changed is not to be kept. */
  #abandoned = false

  constructor (request: FastifyRequest, rules: VisitRules, start: SessionStart, hasCookie: boolean) {
    this.#request = request
    this.#rules = rules
    this.#hasCookie = hasCookie
    this.session = new Session(start, this)
  }

  /** Gives the reply a `send()` that saves, as soon as there is a reply. */
  attach (): FastifyReply | undefined {
    if (this.#reply !== undefined) return this.#reply
    const reply = replyOf(this.#request)
    if (reply === undefined) return undefined
    this.#reply = reply
    if (!isOver(reply)) this.#watch(reply)
    return reply
  }

  touch (what: string): void {
    const reply = this.attach()
    if (reply === undefined) throw new AIO_ERR_SESSION_REPLY(this.#request.method, this.#request.url)
    if (this.#answered || isOver(reply)) throw new AIO_ERR_SESSION_SENT(what)
  }

  /** Begins anew, under another id; what was stored goes when the new one is saved. */
  restart (maxAge: number): Session {
    const { identity } = this.session.toChange(0, 0)
    this.session = new Session({ record: null, identity, maxAge }, this)
    this.session.regenerate()
    return this.session
  }

  async save (): Promise<void> {
    await this.#save()
  }

  /** Saves what is to be saved; a promise only when that takes time. */
  #save (): Promise<void> | undefined {
    const { session } = this
    const now = Date.now()
    if (!session.isChanged && !this.#isToBeRenewed(now)) return undefined
    const change = session.toChange(now, session.created + this.#rules.absoluteMaxAge - now)
    // Nothing was there, and nothing is there.
    if (change.record === null && !this.#hasCookie && change.identity === null) {
      session.markSaving(now)
      return undefined
    }
    const saved = this.#rules.storage.save(change)
    session.markSaving(now)
    if (saved instanceof Promise) return saved.then(done => this.#finish(session, done, change.lifetime))
    this.#finish(session, saved, change.lifetime)
    return undefined
  }

  #finish (session: Session, saved: SavedSession, lifetime: number): void {
    const { cookie } = this.#rules
    if (saved.ended === true) this.#request.log.info('The session was ended by another request: changes are dropped')
    if (this.#reply === undefined) return
    if (saved.value === null) cookie.delete(this.#request, this.#reply)
    else cookie.set(this.#request, this.#reply, saved.value, lifetime)
    session.markSaved(saved)
  }

  #isToBeRenewed (now: number): boolean {
    const { saved, empty } = this.session
    return saved !== null && !empty && now - saved >= this.#rules.renewAfter
  }

  #watch (reply: FastifyReply): void {
    const send = reply.send.bind(reply)
    reply.send = payload => this.#answer(reply, payload, send)
    reply.raw.once('finish', () => {
      if (!this.session.isChanged || this.#abandoned) return
      const { method, url } = this.#request
      this.#request.log.error(new AIO_ERR_SESSION_UNSAVED(method, url))
    })
  }

  /** `reply.send()` of a request with a session. */
  #answer (reply: FastifyReply, payload: unknown, send: FastifyReply['send']): FastifyReply {
    if (this.#abandoned || this.#answered || reply.sent) return send(payload)
    if (isFailure(payload)) {
      this.#abandoned = true
      return send(payload)
    }
    // After an error comes an error handler, which may want to tell the next page something.
    this.#answered = !(payload instanceof Error)
    let saving: Promise<void> | undefined
    try {
      saving = this.#save()
    } catch (error) {
      return this.#fail(error, payload, send)
    }
    if (saving === undefined) return send(payload)
    // Meanwhile the reply is as good as sent: nobody is to answer a second time.
    Object.defineProperty(reply, 'sent', { configurable: true, value: true })
    const resume = (answer: () => FastifyReply) => {
      Reflect.deleteProperty(reply, 'sent')
      try {
        answer()
      } catch (error) {
        send(error)
      }
    }
    saving.then(() => resume(() => send(payload)), error => resume(() => this.#fail(error, payload, send)))
    return reply
  }

  #fail (error: unknown, payload: unknown, send: FastifyReply['send']): FastifyReply {
    this.#abandoned = true
    // A stream that nobody reads would keep what it holds.
    if (typeof payload === 'object' && payload !== null && 'destroy' in payload && typeof payload.destroy === 'function') {
      payload.destroy()
    }
    return send(error)
  }
}

function isOver (reply: FastifyReply): boolean {
  return reply.sent || reply.raw.headersSent
}

/** An error that nobody meant as an answer: the session stays as it was before the request. */
function isFailure (payload: unknown): boolean {
  if (!(payload instanceof Error) || payload instanceof HTTPException) return false
  const status = 'statusCode' in payload ? Number(payload.statusCode) : 500
  return !(status >= 200 && status < 500)
}
