/**
 * Headers and body of a response: aiohttp's rules for text, bytes, media type and charset.
 *
 * What `Response` (plugins/responses) and `HTTPException` (plugins/exceptions) have in common.
 *
 * @module
 */

import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { AIO_ERR_BODY, AIO_ERR_CHARSET, AIO_ERR_CONTENT_TYPE, AIO_ERR_OPTION_CONFLICT } from './errors.ts'
import { delCookie, setCookie, type CookieOptions } from './cookies.ts'
import { Headers, type HeadersInit } from './headers.ts'
import { describe } from './options.ts'

/** What a body can be made from. */
export type BodyInit = string | Uint8Array | Readable | ReadableStream | AsyncIterable<string | Uint8Array>

/** A body as it is sent. */
export type Body = string | Buffer | Readable | ReadableStream | null

/** What a response is made from, apart from its status. */
export interface ContentOptions {
  /** Bytes, a string, a stream or an async iterable of chunks; not together with `text`. */
  body?: BodyInit | null | undefined
  /** The charset of `text`: utf-8, utf-16le, iso-8859-1 or us-ascii. @default 'utf-8' */
  charset?: string | undefined
  /**
   * Media type without a charset.
   *
   * @default 'text/plain' for text, 'application/octet-stream' for other bodies
   */
  contentType?: string | undefined
  /** Further headers. @default {} */
  headers?: HeadersInit | undefined
  /** The body as text. */
  text?: string | null | undefined
}

const encodings: Readonly<Record<string, BufferEncoding>> = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  'utf-16le': 'utf16le',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
  'us-ascii': 'ascii',
  ascii: 'ascii'
}
const octets = 'application/octet-stream'
const mediaType = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+(;|$)/

/** Headers and body that belong together; a base class that knows no status. */
export class Content {
  /** Checked on every change: nothing in them can split a response. */
  readonly headers: Headers
  readonly #where: string
  #body: Body = null

  /** @throws AIO_ERR_OPTION_CONFLICT, AIO_ERR_CONTENT_TYPE, AIO_ERR_CHARSET, AIO_ERR_BODY */
  constructor (where: string, { body, charset, contentType, headers, text }: ContentOptions) {
    this.#where = where
    if (body != null && text != null) throw new AIO_ERR_OPTION_CONFLICT('text', 'body', where)
    const given = new Headers(headers)
    if (given.has('content-type')) {
      if (contentType !== undefined || charset !== undefined) {
        throw new AIO_ERR_OPTION_CONFLICT('a Content-Type header', 'contentType or charset', where)
      }
      this.headers = given
    } else {
      // Content-Type comes first on the wire, as with aiohttp.
      this.headers = new Headers()
      if (contentType !== undefined) this.contentType = contentType
      else if (charset !== undefined) this.contentType = text == null ? octets : 'text/plain'
      if (charset !== undefined) this.charset = charset
      if (text != null) this.text = text
      for (const [name, value] of given.entries()) this.headers.append(name, value)
    }
    if (text != null) this.text = text
    else if (body != null) this.body = body
  }

  /** The body as text; `null` when there is none, or when it is a stream. */
  get text (): string | null {
    const body = this.#body
    if (body === null || typeof body === 'string') return body
    return Buffer.isBuffer(body) ? body.toString(encodings[this.charset ?? 'utf-8'] ?? 'utf8') : null
  }

  /** Replaces the body; a missing media type becomes text/plain, a missing charset utf-8. */
  set text (text: string | null) {
    if (text !== null && typeof text !== 'string') throw new AIO_ERR_BODY(this.#where, describe(text))
    if (text !== null) {
      if (this.contentType === octets) this.contentType = 'text/plain'
      this.charset ??= 'utf-8'
    }
    const encoding = encodings[this.charset ?? 'utf-8']
    if (encoding === undefined) throw new AIO_ERR_CHARSET(describe(this.charset))
    this.#body = text === null || encoding === 'utf8' ? text : Buffer.from(text, encoding)
  }

  /** What is sent: text, bytes, a stream or nothing. */
  get body (): Body {
    return this.#body
  }

  /** Replaces the body; a missing media type becomes text/plain (a string) or, with bytes, application/octet-stream. */
  set body (body: BodyInit | null) {
    if (typeof body === 'string') {
      this.text = body
      return
    }
    this.#body = body === null ? null : toBody(this.#where, body)
    const empty = body === null || (body instanceof Uint8Array && body.length === 0)
    if (!empty && !this.headers.has('content-type')) this.contentType = octets
  }

  /** The media type without parameters; `application/octet-stream` when there is none. */
  get contentType (): string {
    return (this.headers.get('content-type') ?? octets).split(';', 1)[0]?.trim().toLowerCase() ?? octets
  }

  /** @throws AIO_ERR_CONTENT_TYPE */
  set contentType (type: string) {
    if (typeof type !== 'string' || !mediaType.test(type) || /charset/i.test(type)) {
      throw new AIO_ERR_CONTENT_TYPE(describe(type))
    }
    const { charset } = this
    this.headers.set('content-type', charset === null ? type : `${type}; charset=${charset}`)
  }

  /** The charset of the media type, in lower case; `null` when it has none. */
  get charset (): string | null {
    const found = /;\s*charset="?([^\s;"]+)/i.exec(this.headers.get('content-type') ?? '')
    return found?.[1]?.toLowerCase() ?? null
  }

  /** Changes the parameter only: the body keeps its bytes. @throws AIO_ERR_CHARSET */
  set charset (charset: string | null) {
    if (charset !== null && encodings[String(charset).toLowerCase()] === undefined) {
      throw new AIO_ERR_CHARSET(describe(charset))
    }
    const type = (this.headers.get('content-type') ?? octets).replace(/;\s*charset=("[^"]*"|[^;]*)/i, '')
    this.headers.set('content-type', charset === null ? type : `${type}; charset=${charset.toLowerCase()}`)
  }

  /** Sets a cookie in place of an earlier one. @throws AIO_ERR_COOKIE_NAME, AIO_ERR_COOKIE_VALUE */
  setCookie (name: string, value: string, options?: CookieOptions): void {
    setCookie(this.headers, name, value, options)
  }

  /** Tells the client to forget a cookie. @throws AIO_ERR_COOKIE_NAME */
  delCookie (name: string, options?: Omit<CookieOptions, 'expires' | 'maxAge'>): void {
    delCookie(this.headers, name, options)
  }
}

/** Whatever can be sent, as something Node can send. */
function toBody (where: string, body: Exclude<BodyInit, string>): Body {
  if (Buffer.isBuffer(body) || body instanceof Readable || body instanceof ReadableStream) return body
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) {
    return Readable.from(chunks(where, body))
  }
  throw new AIO_ERR_BODY(where, describe(body))
}

/** The chunks of an iterable; a wrong one ends the stream with an error instead of the process. */
async function * chunks (where: string, iterable: AsyncIterable<string | Uint8Array>) {
  for await (const chunk of iterable) {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw new AIO_ERR_BODY(`a chunk of ${where}`, describe(chunk))
    }
    yield chunk
  }
}
