/**
 * 4xx and 5xx: the errors, under the names aiohttp gives them.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { requoteURL } from '../../lib/quote.ts'
import { HTTPClientError, HTTPServerError, type HTTPExceptionOptions } from './base.ts'

/** 400 Bad Request. */
export class HTTPBadRequest extends HTTPClientError {
  static override readonly statusCode = 400
}

/** 401 Unauthorized. */
export class HTTPUnauthorized extends HTTPClientError {
  static override readonly statusCode = 401
}

/** 402 Payment Required. */
export class HTTPPaymentRequired extends HTTPClientError {
  static override readonly statusCode = 402
}

/** 403 Forbidden. */
export class HTTPForbidden extends HTTPClientError {
  static override readonly statusCode = 403
}

/** 404 Not Found. */
export class HTTPNotFound extends HTTPClientError {
  static override readonly statusCode = 404
}

/** 405 Method Not Allowed, with the allowed methods in Allow. */
export class HTTPMethodNotAllowed extends HTTPClientError {
  static override readonly statusCode = 405
  /** The method that was refused. */
  readonly method: string
  /** The methods that are allowed, sorted. */
  readonly allowedMethods: readonly string[]

  constructor (method: string, allowedMethods: Iterable<string>, options?: HTTPExceptionOptions) {
    if (typeof method !== 'string') {
      throw new AIO_ERR_ARGUMENT_INVALID('method', 'HTTPMethodNotAllowed', 'a string', describe(method))
    }
    if (typeof allowedMethods !== 'object' || allowedMethods === null || !(Symbol.iterator in allowedMethods)) {
      throw new AIO_ERR_ARGUMENT_INVALID(
        'allowedMethods', 'HTTPMethodNotAllowed', 'a list of methods', describe(allowedMethods))
    }
    super(options)
    this.method = method
    this.allowedMethods = [...new Set(allowedMethods)].sort()
    this.headers.set('allow', this.allowedMethods.join(','))
  }
}

/** 406 Not Acceptable. */
export class HTTPNotAcceptable extends HTTPClientError {
  static override readonly statusCode = 406
}

/** 407 Proxy Authentication Required. */
export class HTTPProxyAuthenticationRequired extends HTTPClientError {
  static override readonly statusCode = 407
}

/** 408 Request Timeout. */
export class HTTPRequestTimeout extends HTTPClientError {
  static override readonly statusCode = 408
}

/** 409 Conflict. */
export class HTTPConflict extends HTTPClientError {
  static override readonly statusCode = 409
}

/** 410 Gone. */
export class HTTPGone extends HTTPClientError {
  static override readonly statusCode = 410
}

/** 411 Length Required. */
export class HTTPLengthRequired extends HTTPClientError {
  static override readonly statusCode = 411
}

/** 412 Precondition Failed. */
export class HTTPPreconditionFailed extends HTTPClientError {
  static override readonly statusCode = 412
}

/** 413 Request Entity Too Large; the text names the limit. */
export class HTTPRequestEntityTooLarge extends HTTPClientError {
  static override readonly statusCode = 413
  /** The limit, in bytes. */
  readonly maxSize: number
  /** What came, in bytes, as far as it is known. */
  readonly actualSize: number

  constructor (maxSize: number, actualSize = 0, options?: HTTPExceptionOptions) {
    checkSize('maxSize', maxSize)
    checkSize('actualSize', actualSize)
    super(options?.body == null
      ? { ...options, text: options?.text ?? `Maximum request body size ${maxSize} exceeded.` }
      : options)
    this.maxSize = maxSize
    this.actualSize = actualSize
  }
}

/** 414 Request-URI Too Long. */
export class HTTPRequestURITooLong extends HTTPClientError {
  static override readonly statusCode = 414
}

/** 415 Unsupported Media Type. */
export class HTTPUnsupportedMediaType extends HTTPClientError {
  static override readonly statusCode = 415
}

/** 416 Requested Range Not Satisfiable. */
export class HTTPRequestRangeNotSatisfiable extends HTTPClientError {
  static override readonly statusCode = 416
}

/** 417 Expectation Failed. */
export class HTTPExpectationFailed extends HTTPClientError {
  static override readonly statusCode = 417
}

/** 421 Misdirected Request. */
export class HTTPMisdirectedRequest extends HTTPClientError {
  static override readonly statusCode = 421
}

/** 422 Unprocessable Entity. */
export class HTTPUnprocessableEntity extends HTTPClientError {
  static override readonly statusCode = 422
}

/** 424 Failed Dependency. */
export class HTTPFailedDependency extends HTTPClientError {
  static override readonly statusCode = 424
}

/** 426 Upgrade Required. */
export class HTTPUpgradeRequired extends HTTPClientError {
  static override readonly statusCode = 426
}

/** 428 Precondition Required. */
export class HTTPPreconditionRequired extends HTTPClientError {
  static override readonly statusCode = 428
}

/** 429 Too Many Requests. */
export class HTTPTooManyRequests extends HTTPClientError {
  static override readonly statusCode = 429
}

/** 431 Request Header Fields Too Large. */
export class HTTPRequestHeaderFieldsTooLarge extends HTTPClientError {
  static override readonly statusCode = 431
}

/** 451 Unavailable For Legal Reasons, with the party that blocks in Link (RFC 7725, section 4). */
export class HTTPUnavailableForLegalReasons extends HTTPClientError {
  static override readonly statusCode = 451
  /** Who demands it; `null` when that is not said. */
  readonly link: string | null

  constructor (link: string | URL | null, options?: HTTPExceptionOptions) {
    super(options)
    this.link = link === null ? null : String(link)
    if (this.link !== null) this.headers.set('link', `<${requoteURL(this.link)}>; rel="blocked-by"`)
  }
}

/** 500 Internal Server Error. */
export class HTTPInternalServerError extends HTTPServerError {
  static override readonly statusCode = 500
}

/** 501 Not Implemented. */
export class HTTPNotImplemented extends HTTPServerError {
  static override readonly statusCode = 501
}

/** 502 Bad Gateway. */
export class HTTPBadGateway extends HTTPServerError {
  static override readonly statusCode = 502
}

/** 503 Service Unavailable. */
export class HTTPServiceUnavailable extends HTTPServerError {
  static override readonly statusCode = 503
}

/** 504 Gateway Timeout. */
export class HTTPGatewayTimeout extends HTTPServerError {
  static override readonly statusCode = 504
}

/** 505 HTTP Version Not Supported. */
export class HTTPVersionNotSupported extends HTTPServerError {
  static override readonly statusCode = 505
}

/** 506 Variant Also Negotiates. */
export class HTTPVariantAlsoNegotiates extends HTTPServerError {
  static override readonly statusCode = 506
}

/** 507 Insufficient Storage. */
export class HTTPInsufficientStorage extends HTTPServerError {
  static override readonly statusCode = 507
}

/** 510 Not Extended. */
export class HTTPNotExtended extends HTTPServerError {
  static override readonly statusCode = 510
}

/** 511 Network Authentication Required. */
export class HTTPNetworkAuthenticationRequired extends HTTPServerError {
  static override readonly statusCode = 511
}

// The limit is told to the client: "undefined" there helps nobody.
function checkSize (name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return
  throw new AIO_ERR_ARGUMENT_INVALID(name, 'HTTPRequestEntityTooLarge', 'a number of bytes', describe(value))
}
