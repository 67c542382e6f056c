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

import { Content, Head, type Body, type BodyInit } from '../../lib/content.ts'
import { delCookie, setCookie, type CookieOptions } from '../../lib/cookies.ts'
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
  /** The body, unless there is a content. */
  readonly #text: string | null
  #headers: Headers | undefined
  /** Made for what is more than a text. Most exceptions are thrown and rendered, and never asked for any of it. */
  #content: Content | undefined

  /** @throws AIO_ERR_REASON, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_CONFLICT, AIO_ERR_HEADER_VALUE */
  constructor (options?: HTTPExceptionOptions) {
    const { emptyBody, name, statusCode } = new.target
    if (options !== undefined) checkOptions(name, options, shape)
    const reason = options?.reason === undefined ? reasonPhrase(statusCode) : checkReason(options.reason)
    const message = typeof options?.text === 'string' ? options.text : reason
    const cause = options !== undefined && 'cause' in options ? { cause: options.cause } : undefined
    // Walking the stack is most of what an error costs, and below 500 nobody reads it. Nothing between may throw.
    const limit = Error.stackTraceLimit
    if (statusCode < 500) Error.stackTraceLimit = 0
    super(message, cause)
    Error.stackTraceLimit = limit

    this.statusCode = statusCode
    this.reason = reason
    this.#text = options?.text ?? (emptyBody ? null : `${statusCode}: ${reason}`)
    this.customBody = false
    if (options === undefined || isTextOnly(options)) return
    const { body, contentType, headers } = options
    this.#headers = new Headers()
    this.#content = new Content(name, options, this.#headers)
    this.customBody = body != null || contentType !== undefined || new Headers(headers).has('content-type')
    if (body == null && options.text == null && !emptyBody) this.text = this.#text
  }

  /** The name of the class, also of one of your own. */
  override get name (): string {
    return this.constructor.name
  }

  /** Whether it is nothing but its status and its text: nobody has given it headers, or looked at them. @internal */
  get isPlain (): boolean {
    return this.#headers === undefined
  }

  /** Headers of the response; they may be changed before it is thrown. */
  get headers (): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers()
      if (this.#text !== null) this.#headers.set('content-type', 'text/plain; charset=utf-8')
    }
    return this.#headers
  }

  /** The body as text. */
  get text (): string | null {
    return this.#content === undefined ? this.#text : this.#content.text
  }

  set text (text: string | null) {
    this.#content ??= new Content(this.name, {}, this.headers)
    this.#content.text = text
  }

  /** The body as it is sent. */
  get body (): Body {
    if (this.#content !== undefined) return this.#content.body
    return this.#text !== null && this.#headers?.wide === true ? Buffer.from(this.#text) : this.#text
  }

  /** The media type without its charset. */
  get contentType (): string {
    return new Head(this.headers).contentType
  }

  /** Sets a cookie. @throws AIO_ERR_COOKIE_NAME, AIO_ERR_COOKIE_VALUE */
  setCookie (name: string, value: string, options?: CookieOptions): void {
    setCookie(this.headers, name, value, options)
  }

  /** Tells the client to forget a cookie. @throws AIO_ERR_COOKIE_NAME */
  delCookie (name: string, options?: Omit<CookieOptions, 'expires' | 'maxAge'>): void {
    delCookie(this.headers, name, options)
  }
}

/** Whether the options leave headers and media type as they usually are. */
function isTextOnly ({ body, contentType, headers, text }: HTTPExceptionOptions): boolean {
  return body == null && contentType === undefined && headers === undefined && (text == null || typeof text === 'string')
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
