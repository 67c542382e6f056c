/**
 * A reply that keeps what it is to send: `reply.send()` of a handler goes through the middlewares first.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import { StreamResponse } from '../responses/index.ts'

/** What a handler answers with, whether it returns it or sends it. */
export class Capture {
  readonly target: FastifyReply
  /** For the handler, in place of Fastify's own. */
  readonly reply: FastifyReply
  #sent = false
  #payload: unknown
  #settle: (() => void) | undefined

  constructor (target: FastifyReply) {
    this.target = target
    this.reply = new Proxy<Capture>(this, traps) as unknown as FastifyReply
  }

  get sent (): boolean {
    return this.#sent || this.target.sent
  }

  /** What the handler answers with, given what it returned. */
  settle (result: unknown): unknown {
    if (result !== this.reply && isPromise(result)) return this.#first(result)
    if (this.#sent) return this.#payload
    if (result !== this.reply && result !== undefined) return result
    // A handler that returns nothing answers later, or has written to the socket itself.
    return this.target.sent ? undefined : this.#first(ended(this.target))
  }

  send (payload: unknown): FastifyReply {
    if (this.#sent) {
      this.target.log.warn('Reply was already sent, did you forget to "return reply"?')
      return this.reply
    }
    this.#sent = true
    this.#payload = payload
    this.#settle?.()
    return this.reply
  }

  /** A handler may return its reply, or wait for it. */
  then (fulfilled?: () => void, rejected?: (error: unknown) => void): void {
    const answered = this.#sent ? Promise.resolve() : this.#first(ended(this.target))
    answered.then(() => fulfilled?.(), error => rejected?.(error))
  }

  /** Whichever comes first: what is sent, or the end of something. */
  #first (other: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#sent) resolve(this.#payload)
      const before = this.#settle
      this.#settle = () => {
        before?.()
        resolve(this.#payload)
      }
      other.then(result => {
        if (this.#sent) finishStream(result, this.target)
        resolve(this.#sent ? this.#payload : result)
      }, error => {
        if (this.#sent) this.target.log.error({ err: error }, 'Promise errored, but the reply was sent already')
        else reject(error)
      })
    })
  }
}

/** All but sending is done by Fastify's own reply, which its setters need, too. */
const traps: ProxyHandler<Capture> = {
  get (capture, key) {
    if (key === 'send') return (payload?: unknown) => capture.send(payload)
    if (key === 'sent') return capture.sent
    if (key === 'then') return capture.then.bind(capture)
    return Reflect.get(capture.target, key, capture.target)
  },
  getPrototypeOf: ({ target }) => Object.getPrototypeOf(target),
  has: ({ target }, key) => key in target,
  set: ({ target }, key, value) => Reflect.set(target, key, value, target)
}

/** A stream was sent when it was prepared; a handler that returns it has written all of it. */
function finishStream (result: unknown, { log }: FastifyReply): void {
  if (!(result instanceof StreamResponse) || !result.prepared) return
  result.writeEof().catch((error: unknown) => log.info({ err: error }, 'A stream could not be ended'))
}

/** When a response has been sent, by whomever. */
function ended (reply: FastifyReply): Promise<void> {
  return new Promise((resolve, reject) => reply.then(resolve, reject))
}

/** Whether a value has to be waited for. */
export function isPromise (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}
