/**
 * aiohttp's Response as an object that Fastify sends natively: no hook, no wrapper, no plugin needed.
 *
 * Fastify sends whatever calls itself `Response` and has `status`, iterable `headers` and `body`.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_BODY } from '../../lib/errors.ts'
import { Content, type Body, type BodyInit, type ContentOptions } from '../../lib/content.ts'
import { anything, checkOptions, describe, func, integer, string, type Shape } from '../../lib/options.ts'
import { checkReason, reasonPhrase } from '../../lib/status.ts'
import { withReason } from './reason.ts'

/** Options of a response. */
export interface ResponseOptions extends ContentOptions {
  /** The phrase of the status line; HTTP/2 has none. @default the usual one of the status */
  reason?: string | undefined
  /** From 200 to 599. @default 200 */
  status?: number | undefined
}

const shape: Shape<ResponseOptions> = {
  body: anything,
  charset: string,
  contentType: string,
  headers: anything,
  reason: string,
  status: integer(200, 599),
  text: anything
}

/** A whole response; return it from a handler. */
export class Response extends Content {
  #status: number
  #reason: string | undefined
  #sent: { from: Body, reason: string, stream: Body } | undefined

  /**
   * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_CONFLICT, AIO_ERR_BODY,
   * AIO_ERR_CONTENT_TYPE, AIO_ERR_CHARSET, AIO_ERR_REASON, AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE
   */
  constructor (options: ResponseOptions = {}) {
    checkOptions('Response', options, shape)
    super('Response', options)
    this.#status = options.status ?? 200
    if (options.reason !== undefined) this.#reason = checkReason(options.reason)
  }

  /** By this Fastify knows it. */
  get [Symbol.toStringTag] (): string {
    return 'Response'
  }

  get status (): number {
    return this.#status
  }

  /** @throws AIO_ERR_ARGUMENT_INVALID */
  set status (status: number) {
    if (!shape.status.test(status)) {
      throw new AIO_ERR_ARGUMENT_INVALID('status', 'Response', shape.status.expected, describe(status))
    }
    this.#status = status
  }

  /** The phrase of the status line. */
  get reason (): string {
    return this.#reason ?? reasonPhrase(this.#status)
  }

  /** @throws AIO_ERR_REASON */
  set reason (reason: string) {
    this.#reason = checkReason(reason)
  }

  /** What is sent; a stream when there is a phrase of one's own, see `reason.ts`. */
  override get body (): Body {
    const from = super.body
    const reason = this.#reason
    // Fastify sends the head of a 204 before it looks at the body.
    if (reason === undefined || reason === reasonPhrase(this.#status) || this.#status === 204) return from
    // Fastify asks twice, and a stream can be read once only.
    if (this.#sent?.from !== from || this.#sent.reason !== reason) {
      this.#sent = { from, reason, stream: withReason(reason, from) }
    }
    return this.#sent.stream
  }

  override set body (body: BodyInit | null) {
    super.body = body
  }
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
