/**
 * The head of a response: status and phrase, length, dates and tags, coding, and whether the connection stays.
 *
 * @module
 */

import { Head } from '../../lib/content.ts'
import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_ETAG, AIO_ERR_RESPONSE_STATE } from '../../lib/errors.ts'
import { Headers, type HeadersInit } from '../../lib/headers.ts'
import { anything, checkOptions, describe, integer, string, type Shape } from '../../lib/options.ts'
import { checkReason, reasonPhrase } from '../../lib/status.ts'
import { contentCodings, negotiateCoding, type ContentCoding } from './compression.ts'

/** Options of a stream response. */
export interface StreamResponseOptions {
  /** Further headers. @default {} */
  headers?: HeadersInit | undefined
  /** The phrase of the status line; HTTP/2 has none. @default the usual one of the status */
  reason?: string | undefined
  /** From 200 to 599. @default 200 */
  status?: number | undefined
}

/** An entity tag with its strength. */
export interface ETagInit {
  readonly value: string
  /** @default false */
  readonly isWeak?: boolean | undefined
}

export const streamShape: Shape<StreamResponseOptions> = {
  headers: anything,
  reason: string,
  status: integer(200, 599)
}

const tag = /^[\x21\x23-\x7e\x80-\xff]+$/

/** What all responses say before their body. */
export abstract class ResponseHead extends Head {
  #status: number
  #reason: string | undefined
  #chunked = false
  #compression: ContentCoding | 'negotiated' | undefined

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_REASON, AIO_ERR_HEADER_(NAME, VALUE) */
  constructor (options: StreamResponseOptions = {}) {
    checkOptions(new.target.name, options, streamShape)
    super(new Headers(options.headers))
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
    if (!streamShape.status.test(status)) {
      throw new AIO_ERR_ARGUMENT_INVALID('status', 'Response', streamShape.status.expected, describe(status))
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

  /** Sets both; without a reason it is the usual one again. @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_REASON */
  setStatus (status: number, reason?: string): void {
    this.status = status
    this.#reason = reason === undefined ? undefined : checkReason(reason)
  }

  /** The length of the body; `null` when it is not known beforehand. */
  get contentLength (): number | null {
    const length = this.headers.get('content-length')
    return length === null ? null : Number(length)
  }

  /** @throws AIO_ERR_RESPONSE_STATE together with chunked encoding, AIO_ERR_ARGUMENT_INVALID */
  set contentLength (length: number | null) {
    if (length === null) {
      this.headers.delete('content-length')
      return
    }
    const expected = integer(0)
    if (!expected.test(length)) {
      throw new AIO_ERR_ARGUMENT_INVALID('contentLength', 'Response', expected.expected, describe(length))
    }
    if (this.#chunked) throw new AIO_ERR_RESPONSE_STATE('set a length', 'chunked encoding has none')
    this.headers.set('content-length', length)
  }

  /** Last-Modified, in whole seconds; `null` when there is none or it is no date. */
  get lastModified (): Date | null {
    const date = new Date(this.headers.get('last-modified') ?? Number.NaN)
    return Number.isNaN(date.getTime()) ? null : date
  }

  /**
   * A date (or milliseconds since 1970) is rounded up to a second; text is sent as it stands.
   *
   * @throws AIO_ERR_ARGUMENT_INVALID
   */
  set lastModified (given: Date | number | string | null) {
    const date = typeof given === 'number' ? new Date(given) : given
    if (date === null) this.headers.delete('last-modified')
    else if (typeof date === 'string') this.headers.set('last-modified', date)
    else if (date instanceof Date && !Number.isNaN(date.getTime())) {
      this.headers.set('last-modified', new Date(Math.ceil(date.getTime() / 1000) * 1000).toUTCString())
    } else throw new AIO_ERR_ARGUMENT_INVALID('lastModified', 'Response', 'a date, milliseconds, text or null', describe(given))
  }

  /** The entity tag as it is sent. */
  get etag (): string | null {
    return this.headers.get('etag')
  }

  /** A value without its quotes, `*`, or one that says whether it is weak. @throws AIO_ERR_ETAG */
  set etag (etag: string | ETagInit | null) {
    if (etag === null) {
      this.headers.delete('etag')
      return
    }
    const { value, isWeak = false } = typeof etag === 'string' ? { value: etag } : etag
    if (typeof value !== 'string' || !tag.test(value)) throw new AIO_ERR_ETAG(describe(value))
    this.headers.set('etag', etag === '*' ? '*' : `${isWeak ? 'W/' : ''}"${value}"`)
  }

  /** Whether the body is sent in chunks whatever its length. */
  get chunked (): boolean {
    return this.#chunked
  }

  /** @throws AIO_ERR_RESPONSE_STATE together with a length */
  enableChunkedEncoding (): void {
    if (this.headers.has('content-length')) {
      throw new AIO_ERR_RESPONSE_STATE('enable chunked encoding', 'the response has a length')
    }
    this.#chunked = true
  }

  /** What was asked of `enableCompression()`. */
  get compression (): ContentCoding | 'negotiated' | undefined {
    return this.#compression
  }

  /**
   * Compresses the body: in the coding the client likes best, or in the given one whatever it likes.
   *
   * @throws AIO_ERR_ARGUMENT_INVALID
   */
  enableCompression (coding?: ContentCoding): void {
    if (coding !== undefined && !contentCodings.includes(coding)) {
      throw new AIO_ERR_ARGUMENT_INVALID('coding', 'enableCompression()', contentCodings.join(', '), describe(coding))
    }
    this.#compression = coding ?? 'negotiated'
  }

  /** Whether the connection may be used again; `forceClose()` makes it false. */
  get keepAlive (): boolean {
    return this.headers.get('connection')?.toLowerCase() !== 'close'
  }

  /** Closes the connection behind the response. */
  forceClose (): void {
    this.headers.set('connection', 'close')
  }

  /** Sets or takes away what goes with the coding that is chosen, and gives it. */
  protected applyCoding (accept: string | string[] | undefined): ContentCoding {
    if (this.#compression === undefined) return 'identity'
    const negotiated = this.#compression === 'negotiated'
    const coding = this.#compression === 'negotiated' ? negotiateCoding(accept) : this.#compression
    // What is encoded already stays as it is.
    if (this.headers.has('content-encoding')) return 'identity'
    if (negotiated) addVary(this.headers)
    if (coding === 'identity') return coding
    this.headers.set('content-encoding', coding)
    this.headers.delete('content-length')
    return coding
  }
}

/** Tells caches that the answer depends on Accept-Encoding. */
export function addVary (headers: Headers): void {
  const vary = headers.get('vary') ?? ''
  if (/(^|,)\s*(accept-encoding|\*)\s*(,|$)/i.test(vary)) return
  headers.set('vary', vary === '' ? 'Accept-Encoding' : `${vary}, Accept-Encoding`)
}
