/**
 * onResponsePrepare: receivers that see a response just before it is sent, and may change its head.
 *
 * A receiver gets one shape, whatever the handler answered with: the `Response` itself, or a view
 * of Fastify's reply.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Headers } from '../../lib/headers.ts'

/** The head of a response, to read and to change. */
export interface PreparedResponse {
  status: number
  readonly headers: PreparedHeaders
}

/** Headers of a response, whichever kind it is. */
export interface PreparedHeaders {
  get (name: string): string | null
  has (name: string): boolean
  set (name: string, value: string): void
  append (name: string, value: string): void
  delete (name: string): unknown
}

/** A receiver of onResponsePrepare; what it returns is awaited and then ignored. */
export type PrepareReceiver = (request: FastifyRequest, response: PreparedResponse) => unknown

/** The receivers of every context of an app. */
export class ResponsePrepare {
  readonly #receivers = new Map<FastifyInstance, PrepareReceiver[]>()

  /** Whether a context has receivers. */
  has (app: FastifyInstance): boolean {
    return this.#receivers.has(app)
  }

  /** Adds a receiver; true when it is the first of its context. */
  add (app: FastifyInstance, receiver: PrepareReceiver): boolean {
    const receivers = this.#receivers.get(app)
    if (receivers === undefined) this.#receivers.set(app, [receiver])
    else receivers.push(receiver)
    return receivers === undefined
  }

  /**
   * Whether this context has to do the work: Fastify runs the hooks of all parents as well, and one
   * run covers them all, root first.
   */
  isNearest (app: FastifyInstance, request: FastifyRequest): boolean {
    return this.#chain(request.server)[0] === app
  }

  /** Sends the signal for a response; gives what is to be sent in place of the payload. */
  async run (request: FastifyRequest, reply: FastifyReply | PreparedResponse, payload?: unknown): Promise<unknown> {
    if (isChangeable(reply)) {
      await this.#send(request, reply)
      return payload
    }
    const unpacked = payload instanceof globalThis.Response && !payload.bodyUsed
    if (unpacked) applyResponse(reply, payload)
    await this.#send(request, isChangeable(payload) ? payload : new ReplyResponse(reply))
    return unpacked ? payload.body : payload
  }

  async #send (request: FastifyRequest, response: PreparedResponse): Promise<void> {
    for (const app of this.#chain(request.server).reverse()) {
      for (const receiver of this.#receivers.get(app) ?? []) await receiver(request, response)
    }
  }

  /** The context of a request and its parents, as far as they have receivers. */
  #chain (server: FastifyInstance): FastifyInstance[] {
    const chain: FastifyInstance[] = []
    // An encapsulated child has its parent as prototype.
    for (let app: FastifyInstance | null = server; app !== null; app = Object.getPrototypeOf(app)) {
      if (this.#receivers.has(app)) chain.push(app)
    }
    return chain
  }
}

/** A view of an ordinary reply; its headers are checked as strictly as those of a `Response`. */
class ReplyResponse implements PreparedResponse {
  readonly headers: PreparedHeaders
  readonly #reply: FastifyReply

  constructor (reply: FastifyReply) {
    this.#reply = reply
    this.headers = new ReplyHeaders(reply)
  }

  get status (): number {
    return this.#reply.statusCode
  }

  set status (status: number) {
    this.#reply.code(status)
  }
}

class ReplyHeaders implements PreparedHeaders {
  readonly #reply: FastifyReply

  constructor (reply: FastifyReply) {
    this.#reply = reply
  }

  get (name: string): string | null {
    const value = this.#reply.getHeader(name)
    if (value === undefined) return null
    return Array.isArray(value) ? value.join(', ') : String(value)
  }

  has (name: string): boolean {
    return this.#reply.hasHeader(name)
  }

  set (name: string, value: string): void {
    for (const [key, text] of new Headers([[name, value]])) this.#reply.removeHeader(key).header(key, text)
  }

  append (name: string, value: string): void {
    const before = name.toLowerCase() === 'set-cookie' ? null : this.get(name)
    // Fastify keeps several Set-Cookie apart by itself.
    for (const [key, text] of new Headers([[name, value]])) {
      this.#reply.header(key, before === null ? text : `${before}, ${text}`)
    }
  }

  delete (name: string): void {
    this.#reply.removeHeader(name)
  }
}

/** The platform's Response has a status nobody can change: its head goes to the reply, its body is sent. */
function applyResponse (reply: FastifyReply, response: Response): void {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
}

function isChangeable (payload: unknown): payload is PreparedResponse {
  return typeof payload === 'object' && payload !== null && !(payload instanceof globalThis.Response) &&
    Object.prototype.toString.call(payload) === '[object Response]' && 'headers' in payload
}
