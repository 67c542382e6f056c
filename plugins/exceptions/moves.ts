/**
 * 2xx and 3xx: the exceptions that are no errors.
 *
 * @module
 */

import { AIO_ERR_LOCATION } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { requoteURL } from '../../lib/quote.ts'
import { HTTPRedirection, HTTPSuccessful, type HTTPExceptionOptions } from './base.ts'

/** 200 OK. */
export class HTTPOk extends HTTPSuccessful {
  static override readonly statusCode = 200
}

/** 201 Created. */
export class HTTPCreated extends HTTPSuccessful {
  static override readonly statusCode = 201
}

/** 202 Accepted. */
export class HTTPAccepted extends HTTPSuccessful {
  static override readonly statusCode = 202
}

/** 203 Non-Authoritative Information. */
export class HTTPNonAuthoritativeInformation extends HTTPSuccessful {
  static override readonly statusCode = 203
}

/** 204 No Content. */
export class HTTPNoContent extends HTTPSuccessful {
  static override readonly statusCode = 204
  static override readonly emptyBody = true
}

/** 205 Reset Content. */
export class HTTPResetContent extends HTTPSuccessful {
  static override readonly statusCode = 205
  static override readonly emptyBody = true
}

/** 206 Partial Content. */
export class HTTPPartialContent extends HTTPSuccessful {
  static override readonly statusCode = 206
}

/** 304 Not Modified. */
export class HTTPNotModified extends HTTPRedirection {
  static override readonly statusCode = 304
  static override readonly emptyBody = true
}

/** A redirection with a target. */
export abstract class HTTPMove extends HTTPRedirection {
  static override readonly statusCode: number = 302
  /** The target as it was given. */
  readonly location: string

  /** @throws AIO_ERR_LOCATION when the target is empty */
  constructor (location: string | URL, options?: HTTPExceptionOptions) {
    const target = location instanceof URL ? location.href : location
    if (typeof target !== 'string' || target === '') throw new AIO_ERR_LOCATION(new.target.name, describe(location))
    super(options)
    this.location = target
    this.headers.set('location', requoteURL(target))
  }
}

/** 300 Multiple Choices. */
export class HTTPMultipleChoices extends HTTPMove {
  static override readonly statusCode = 300
}

/** 301 Moved Permanently. */
export class HTTPMovedPermanently extends HTTPMove {
  static override readonly statusCode = 301
}

/** 302 Found. */
export class HTTPFound extends HTTPMove {
  static override readonly statusCode = 302
}

/** 303 See Other. */
export class HTTPSeeOther extends HTTPMove {
  static override readonly statusCode = 303
}

/** 305 Use Proxy. */
export class HTTPUseProxy extends HTTPMove {
  static override readonly statusCode = 305
}

/** 307 Temporary Redirect. */
export class HTTPTemporaryRedirect extends HTTPMove {
  static override readonly statusCode = 307
}

/** 308 Permanent Redirect. */
export class HTTPPermanentRedirect extends HTTPMove {
  static override readonly statusCode = 308
}
