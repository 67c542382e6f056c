/**
 * Between Fastify's replies and responses: middlewares see a `Response`, whatever the handler answers with.
 *
 * @module
 */

import type { FastifyReply } from 'fastify'
import type { Headers } from '../../lib/headers.ts'
import { Response, StreamResponse, type Body, type BodyInit } from '../responses/index.ts'

/** Leads from the response that middlewares see to the answer it stands for. */
const kAnswer: unique symbol = Symbol('fastify-aiohttp.answer')

/**
 * A plain answer. It becomes a response when somebody looks at it; when nobody does, Fastify gets it as it was, and
 * serializes it.
 */
class PlainAnswer {
  readonly reply: FastifyReply
  readonly #payload: unknown
  #response: Response | undefined
  #original: Body = null

  constructor (payload: unknown, reply: FastifyReply) {
    this.#payload = payload
    this.reply = reply
  }

  /** What it looks like to a middleware. */
  get response (): Response {
    if (this.#response !== undefined) return this.#response
    const { reply } = this
    const body = toBody(this.#payload, reply)
    const response = new Response({ status: reply.sent ? Math.max(200, reply.statusCode) : reply.statusCode, body })
    const type = reply.getHeader('content-type') ?? defaultType(body)
    // A body brings a type that Fastify would not send.
    response.headers.delete('content-type')
    if (type !== undefined) response.headers.set('content-type', String(type))
    addHeaders(response.headers, reply)
    this.#original = response.body
    this.#response = response
    return response
  }

  /** What Fastify is to send: head and body go to the reply, so that hooks see what they always see. */
  finish (): unknown {
    const { reply } = this
    if (this.#response === undefined) return this.#payload
    const { body, headers, status } = this.#response
    // The length the handler counted.
    if (body !== this.#original) headers.delete('content-length')
    reply.code(status)
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
    for (const [name, value] of headers) reply.header(name, value)
    // It is serialized already.
    reply.serializer(String)
    return body ?? undefined
  }
}

/** A response that is made when somebody looks at it. */
interface LazyResponse extends Response {
  [kAnswer]: PlainAnswer
}

/**
 * Everything a response has, by way of the answer. No proxy: promises ask what they are given for `then()`, at every
 * middleware, and a proxy takes its time to say no.
 */
const lazyPrototype: object = Object.create(Response.prototype, Object.fromEntries(
  [...keysOf(new Response())].map(key => [key, {
    configurable: true,
    get (this: LazyResponse) {
      const { response } = this[kAnswer]
      const value: unknown = Reflect.get(response, key, response)
      // Methods work on private fields.
      return typeof value === 'function' ? value.bind(response) : value
    },
    set (this: LazyResponse, value: unknown) {
      const { response } = this[kAnswer]
      Reflect.set(response, key, value, response)
    }
  }])))

/** What an object has, but for what all objects have. */
function * keysOf (object: object): Generator<string | symbol> {
  if (object === Object.prototype) return
  yield * Reflect.ownKeys(object).filter(key => key !== 'constructor')
  yield * keysOf(Object.getPrototypeOf(object))
}

/**
 * What a handler answered with as a response.
 *
 * @throws what the handler answered with, when it is an error
 */
export function toResponse (payload: unknown, reply: FastifyReply): StreamResponse {
  if (isOwnResponse(payload)) return payload
  if (payload instanceof Error) throw payload
  if (payload instanceof globalThis.Response) return fromWeb(payload)
  const response: LazyResponse = Object.create(lazyPrototype)
  response[kAnswer] = new PlainAnswer(payload, reply)
  return response
}

/** What Fastify is to send for a response. */
export function fromResponse (response: StreamResponse & Partial<LazyResponse>, reply: FastifyReply): unknown {
  // It is on its way, or somebody writes to the socket.
  if (reply.sent || reply.raw.headersSent) return undefined
  const answer = response[kAnswer]
  return answer === undefined ? response : answer.finish()
}

/** Ours, and a websocket, which looks like one. */
function isOwnResponse (value: unknown): value is StreamResponse {
  return value instanceof StreamResponse || (typeof value === 'object' && value !== null &&
    !(value instanceof globalThis.Response) && Object.prototype.toString.call(value) === '[object Response]')
}

/** As `reply.send()` would make it, with Fastify's media type for what it serializes. */
function toBody (payload: unknown, reply: FastifyReply): BodyInit | null {
  if (reply.sent) return null
  if (payload === undefined || payload === null || typeof payload === 'string' || isBody(payload)) return payload ?? null
  if (!reply.hasHeader('content-type')) reply.header('content-type', 'application/json; charset=utf-8')
  return String(reply.serialize(payload))
}

function isBody (value: unknown): value is Exclude<BodyInit, string> {
  return value instanceof Uint8Array || (typeof value === 'object' && value !== null &&
    (typeof Reflect.get(value, 'pipe') === 'function' || typeof Reflect.get(value, 'getReader') === 'function'))
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
  const reason = statusText === '' ? undefined : statusText
  return new Response({ status, reason, headers: [...headers], body: body as BodyInit | null })
}
