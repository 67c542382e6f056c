/**
 * HTTPException: an error that is a response. Base class, groups, and how to tell them.
 *
 *     HTTPException
 *     ├── HTTPSuccessful      2xx
 *     ├── HTTPRedirection     3xx
 *     └── HTTPError
 *         ├── HTTPClientError 4xx
 *         └── HTTPServerError 5xx
 *
 * @module
 */

import { Content, type Body, type BodyInit } from '../../lib/content.ts'
import type { CookieOptions } from '../../lib/cookies.ts'
import { Headers, type HeadersInit } from '../../lib/headers.ts'
import { anything, checkOptions, string, type Shape } from '../../lib/options.ts'
import { checkReason, reasonPhrase } from '../../lib/status.ts'

/** What every exception takes. */
export interface HTTPExceptionOptions {
  /** The body as bytes, stream or text; not together with `text`. */
  body?: BodyInit | null | undefined
  /** What led to it; for logs only. */
  cause?: unknown
  /**
   * Media type without a charset.
   *
   * @default 'text/plain'
   */
  contentType?: string | undefined
  /** Further headers. @default {} */
  headers?: HeadersInit | undefined
  /** The phrase of the status line. @default the usual one of the status */
  reason?: string | undefined
  /** The body. @default '<status>: <reason>' */
  text?: string | null | undefined
}

const shape: Shape<HTTPExceptionOptions> = {
  body: anything,
  cause: anything,
  contentType: string,
  headers: anything,
  reason: string,
  text: anything
}

/**
 * A response to throw (or to return). Abstract: take the class of the status, or make one of your own
 * with `static override readonly statusCode`.
 */
export abstract class HTTPException extends Error {
  /** The status of the class. */
  static readonly statusCode: number = 500
  /** Whether responses of the class never have a body. */
  static readonly emptyBody: boolean = false

  readonly statusCode: number
  /** The phrase of the status line. */
  readonly reason: string
  /** Whether body or media type were chosen by the one who threw; then no other format is rendered. */
  readonly customBody: boolean
  readonly #content: Content

  /** @throws AIO_ERR_REASON, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_CONFLICT, AIO_ERR_HEADER_VALUE */
  constructor (options: HTTPExceptionOptions = {}) {
    const { emptyBody, name, statusCode } = new.target
    checkOptions(name, options, shape)
    const reason = checkReason(options.reason ?? reasonPhrase(statusCode))
    // Walking the stack is most of what an error costs, and below 500 nobody reads it.
    const limit = Error.stackTraceLimit
    if (statusCode < 500) Error.stackTraceLimit = 0
    super(options.text ?? reason, 'cause' in options ? { cause: options.cause } : undefined)
    Error.stackTraceLimit = limit

    this.#content = new Content(name, options)
    this.statusCode = statusCode
    this.reason = reason
    this.customBody = options.body != null || options.contentType !== undefined ||
      (options.headers !== undefined && new Headers(options.headers).has('content-type'))
    if (options.body == null && options.text == null && !emptyBody) this.text = `${statusCode}: ${reason}`
  }

  /** The name of the class, also of one of your own. */
  override get name (): string {
    return this.constructor.name
  }

  /** Headers of the response; they may be changed before it is thrown. */
  get headers (): Headers {
    return this.#content.headers
  }

  /** The body as text. */
  get text (): string | null {
    return this.#content.text
  }

  set text (text: string | null) {
    this.#content.text = text
  }

  /** The body as it is sent. */
  get body (): Body {
    return this.#content.body
  }

  /** The media type without its charset. */
  get contentType (): string {
    return this.#content.contentType
  }

  /** Sets a cookie. @throws AIO_ERR_COOKIE_NAME, AIO_ERR_COOKIE_VALUE */
  setCookie (name: string, value: string, options?: CookieOptions): void {
    this.#content.setCookie(name, value, options)
  }

  /** Tells the client to forget a cookie. @throws AIO_ERR_COOKIE_NAME */
  delCookie (name: string, options?: Omit<CookieOptions, 'expires' | 'maxAge'>): void {
    this.#content.delCookie(name, options)
  }
}

/** 2xx: an early way out of deep code. */
export abstract class HTTPSuccessful extends HTTPException {
  static override readonly statusCode: number = 200
}

/** 3xx. */
export abstract class HTTPRedirection extends HTTPException {
  static override readonly statusCode: number = 304
}

/** 4xx and 5xx. */
export abstract class HTTPError extends HTTPException {}

/** 4xx. */
export abstract class HTTPClientError extends HTTPError {
  static override readonly statusCode: number = 400
}

/** 5xx; these have a stack. */
export abstract class HTTPServerError extends HTTPError {}

/** Whether a value is one of our exceptions. */
export function isHTTPException (value: unknown): value is HTTPException {
  return value instanceof HTTPException
}
