/**
 * Between Fastify's replies and responses: middlewares see a `Response`, whatever the handler answers with.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import { Headers } from '../../lib/headers.ts'
import { Response, type Body, type BodyInit } from '../responses/index.ts'

/** A response made from a plain value; it goes back to the reply, so that hooks see what they always see. */
class PlainResponse extends Response {
  readonly #original: Body

  constructor (reply: FastifyReply, body: BodyInit | null) {
    super({ status: reply.statusCode, body })
    const type = reply.getHeader('content-type') ?? defaultType(body)
    this.headers.delete('content-type')
    if (type !== undefined) this.headers.set('content-type', String(type))
    addHeaders(this.headers, reply)
    this.#original = this.body
  }

  /** Hands head and body to the reply. */
  applyTo (reply: FastifyReply): unknown {
    const { body, headers } = this
    // The length the handler counted.
    if (body !== this.#original) headers.delete('content-length')
    reply.code(this.status)
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
    for (const [name, value] of headers) reply.header(name, value)
    // It is serialized already.
    reply.serializer(String)
    return body ?? undefined
  }
}

/** What is left to see of an answer that is on its way already. */
class SentResponse extends Response {
  constructor (reply: FastifyReply) {
    super({ status: Math.max(200, reply.statusCode) })
    addHeaders(this.headers, reply)
  }
}

/**
 * What a handler answered with as a response.
 *
 * @throws what the handler answered with, when it is an error
 */
export function toResponse (payload: unknown, reply: FastifyReply): Response {
  if (isOwnResponse(payload)) return payload
  if (payload instanceof Error) throw payload
  if (reply.sent) return new SentResponse(reply)
  if (payload instanceof globalThis.Response) return fromWeb(payload)
  if (payload === undefined || payload === null || typeof payload === 'string' || isBody(payload)) {
    return new PlainResponse(reply, payload ?? null)
  }
  const text = serialize(payload, reply)
  return new PlainResponse(reply, text)
}

/** What Fastify is to send for a response. */
export function fromResponse (response: Response, reply: FastifyReply): unknown {
  // A stream response has begun while the handler ran.
  if (reply.sent || reply.raw.headersSent) return undefined
  return response instanceof PlainResponse ? response.applyTo(reply) : response
}

/** Ours, and a websocket, which looks like one. */
function isOwnResponse (value: unknown): value is Response {
  return value instanceof Response || (typeof value === 'object' && value !== null &&
    !(value instanceof globalThis.Response) && Object.prototype.toString.call(value) === '[object Response]')
}

function isBody (value: unknown): value is Exclude<BodyInit, string> {
  return value instanceof Uint8Array || (typeof value === 'object' && value !== null &&
    (typeof Reflect.get(value, 'pipe') === 'function' || typeof Reflect.get(value, 'getReader') === 'function'))
}

/** As `reply.send()` would; its media type is Fastify's. */
function serialize (payload: unknown, reply: FastifyReply): string {
  if (!reply.hasHeader('content-type')) reply.header('content-type', 'application/json; charset=utf-8')
  return String(reply.serialize(payload))
}

function defaultType (body: BodyInit | null): string | undefined {
  if (typeof body === 'string') return 'text/plain; charset=utf-8'
  return body instanceof Uint8Array ? 'application/octet-stream' : undefined
}

function addHeaders (headers: Headers, reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (name === 'content-type' && headers.has(name)) continue
    for (const text of Array.isArray(value) ? value : [value]) headers.append(name, String(text))
  }
}

/** The platform's Response cannot be changed. */
function fromWeb (response: globalThis.Response): Response {
  const { body, headers, status, statusText } = response
  return new Response({ status, headers: [...headers], body: body as BodyInit | null, ...(statusText !== '' && { reason: statusText }) })
}
