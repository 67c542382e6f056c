/**
 * aiohttp's Response as an object that Fastify sends natively: no hook, no wrapper, no plugin needed.
 *
 * Fastify sends whatever calls itself `Response` and has `status`, iterable `headers` and `body`.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { ReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Content, type Body, type BodyInit, type ContentOptions } from '../../lib/content.ts'
import { AIO_ERR_BODY, AIO_ERR_RESPONSE_LENGTH, AIO_ERR_RESPONSE_REPLY } from '../../lib/errors.ts'
import { Headers } from '../../lib/headers.ts'
import { anything, checkOptions, describe, func, string, type Shape } from '../../lib/options.ts'
import { needsReason } from '../../lib/status.ts'
import { createEncoder, encode, type ContentCoding } from './compression.ts'
import { describeFile } from './file-body.ts'
import { LateBody, type LateResponse, type Resolved } from './late-body.ts'
import { MultipartWriter } from './multipart-writer.ts'
import { replyOf } from './reply.ts'
import { streamShape } from './response-head.ts'
import { StreamResponse } from './stream-response.ts'

/** Options of a response. */
export interface ResponseOptions extends Omit<ContentOptions, 'body'> {
  /** Bytes, a string, a stream, a file, a multipart or an async iterable of chunks; not together with `text`. */
  body?: BodyInit | MultipartWriter | null | undefined
  /** The phrase of the status line; HTTP/2 has none. @default the usual one of the status */
  reason?: string | undefined
  /** From 200 to 599. @default 200 */
  status?: number | undefined
}

const shape: Shape<ResponseOptions> = {
  ...streamShape,
  body: anything,
  charset: string,
  contentType: string,
  text: anything
}

/** A whole response; return it from a handler. */
export class Response extends StreamResponse implements LateResponse {
  readonly #content: Content
  #late: { from: Body, body: LateBody } | undefined

  /**
   * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_CONFLICT, AIO_ERR_BODY,
   * AIO_ERR_CONTENT_TYPE, AIO_ERR_CHARSET, AIO_ERR_REASON, AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE
   */
  constructor (options: ResponseOptions = {}) {
    checkOptions('Response', options, shape)
    const { body, reason, status, ...rest } = options
    super({ reason, status })
    const writer = body instanceof MultipartWriter ? body : undefined
    this.#content = new Content('Response', { ...rest, body: writer?.toBuffer() ?? body as BodyInit | null }, this.headers)
    if (writer !== undefined) this.headers.set('content-type', writer.contentType)
  }

  /** The body as text; `null` when there is none, or when it is a stream. */
  get text (): string | null {
    return this.#content.text
  }

  /** Replaces the body; a missing media type becomes text/plain, a missing charset utf-8. @throws AIO_ERR_CHARSET */
  set text (text: string | null) {
    this.#content.text = text
  }

  /** What is sent; a stream when something can be decided only with the request at hand, see `late-body.ts`. */
  override get body (): Body {
    // With a body Fastify would take the media type of a 204 away.
    const from = this.status === 204 ? null : this.#content.body
    if (!this.#needsRequest(from)) return from
    // Fastify asks twice, and a stream can be read once only.
    if (this.#late?.from !== from) this.#late = { from, body: new LateBody(this) }
    return this.#late.body
  }

  override set body (body: BodyInit | null) {
    this.#content.body = body
  }

  /** The length of the body; `null` when it is not known beforehand. */
  override get contentLength (): number | null {
    return super.contentLength ?? this.#content.length
  }

  override set contentLength (length: number | null) {
    super.contentLength = length
  }

  /** Sends the response at once, where a handler cannot return it. @throws AIO_ERR_RESPONSE_REPLY */
  override async prepare (request: FastifyRequest, reply: FastifyReply | undefined = replyOf(request)): Promise<void> {
    if (reply === undefined) throw new AIO_ERR_RESPONSE_REPLY()
    reply.send(this)
  }

  /** Decides what depends on the request; for `late-body.ts`. */
  async resolve (request: IncomingMessage): Promise<Resolved> {
    const nothing = this.#content.length === 0 || this.status === 204 || this.status === 304
    const coding = nothing ? 'identity' : this.applyCoding(request.headers['accept-encoding'])
    const headers = new Headers(this.headers)
    const content = this.#content.body
    if (content instanceof ReadStream) await describeFile(content, headers)
    const { reason, status } = this
    const body = await encoded(content, coding)
    const length = body === content ? this.#content.length : Buffer.isBuffer(body) ? body.length : null
    const claimed = headers.get('content-length')
    if (claimed !== null && length !== null && request.method !== 'HEAD' && Number(claimed) !== length) {
      throw new AIO_ERR_RESPONSE_LENGTH(Number(claimed), length)
    }
    // A chunked body and a 304 have no length.
    if (this.chunked && request.httpVersion !== '1.0') {
      if (request.method !== 'HEAD') headers.set('transfer-encoding', 'chunked')
    } else if (length !== null && ![204, 304].includes(status) && !headers.has('content-length')) {
      headers.set('content-length', length)
    }
    return { status, reason, headers, body }
  }

  /** Whether somebody has set a length that is not known to be right. */
  #isMeasured (): boolean {
    const claimed = this.headers.get('content-length')
    return claimed !== null && Number(claimed) !== this.#content.length
  }

  #needsRequest (body: Body): boolean {
    // Nothing is piped, so nothing could be decided.
    if (this.status === 204) return false
    return needsReason(this.status, this.reason) || this.compression !== undefined || this.chunked ||
      (body !== null && this.status === 304) || this.#isMeasured() || body instanceof ReadStream ||
      (body instanceof Readable && this.#content.length !== null)
  }
}

async function encoded (body: Body, coding: ContentCoding): Promise<Body> {
  if (coding === 'identity' || body === null) return body
  if (body instanceof Readable || body instanceof ReadableStream) {
    const source = body instanceof Readable ? body : Readable.fromWeb(body)
    return source.compose(createEncoder(coding)) as Readable
  }
  return await encode(coding, body)
}

/** Options of `jsonResponse()`. */
export interface JSONResponseOptions extends Pick<ResponseOptions, 'contentType' | 'headers' | 'reason' | 'status'> {
  /** Turns the data into text. @default JSON.stringify */
  dumps?: ((data: unknown) => string) | undefined
}

const jsonShape: Shape<JSONResponseOptions> = {
  contentType: shape.contentType,
  dumps: func,
  headers: shape.headers,
  reason: shape.reason,
  status: shape.status
}

/**
 * A response with JSON (aiohttp: json_response).
 *
 * @throws AIO_ERR_BODY when the data has no JSON, such as `undefined` or a function
 */
export function jsonResponse (data: unknown, options: JSONResponseOptions = {}): Response {
  checkOptions('jsonResponse()', options, jsonShape)
  const { contentType = 'application/json', dumps = JSON.stringify, ...rest } = options
  const text: unknown = dumps(data)
  if (typeof text !== 'string') throw new AIO_ERR_BODY('jsonResponse()', describe(data))
  return new Response({ ...rest, contentType, text })
}
