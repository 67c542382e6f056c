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
export type BodyInit = string | Uint8Array | Blob | Readable | ReadableStream | AsyncIterable<string | Uint8Array>

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
  'latin-1': 'latin1',
  'us-ascii': 'ascii',
  ascii: 'ascii'
}
/** What an encoding cannot express. */
const lacks: Readonly<Partial<Record<BufferEncoding, RegExp>>> = {
  latin1: /[^\0-\xff]/u,
  ascii: /[^\0-\x7f]/u
}
const octets = 'application/octet-stream'
const mediaType = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+(;|$)/

/** The headers of a response, and what aiohttp's setters make of them. */
export class Head {
  /** Checked on every change: nothing in them can split a response. */
  readonly headers: Headers

  /** Works on these headers. */
  constructor (headers: Headers) {
    this.headers = headers
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

  /** Changes the parameter only: the body keeps its bytes. Bytes of no type have none. @throws AIO_ERR_CHARSET */
  set charset (charset: string | null) {
    if (charset !== null && (encodings[String(charset).toLowerCase()] === undefined || this.contentType === octets)) {
      throw new AIO_ERR_CHARSET(this.contentType === octets ? `${describe(charset)} for ${octets}` : describe(charset))
    }
    setCharset(this.headers, charset)
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

/** Headers and body that belong together; a base class that knows no status. */
export class Content extends Head {
  readonly #where: string
  #body: Body = null
  #blob: Blob | undefined

  /**
   * Fills `headers`, which may be shared with the one who asks.
   *
   * @throws AIO_ERR_OPTION_CONFLICT, AIO_ERR_CONTENT_TYPE, AIO_ERR_CHARSET, AIO_ERR_BODY
   */
  constructor (where: string, { body, charset, contentType, headers, text }: ContentOptions, target = new Headers()) {
    super(target)
    this.#where = where
    if (body != null && text != null) throw new AIO_ERR_OPTION_CONFLICT('text', 'body', where)
    const given = new Headers(headers)
    if (given.has('content-type') && (contentType !== undefined || charset !== undefined)) {
      throw new AIO_ERR_OPTION_CONFLICT('a Content-Type header', 'contentType or charset', where)
    }
    // Content-Type comes first on the wire, as with aiohttp.
    const type = given.get('content-type')
    if (type !== null) this.headers.set('content-type', type)
    if (contentType !== undefined) this.contentType = contentType
    else if (charset !== undefined && text != null) this.contentType = 'text/plain'
    // Bytes of no type have no charset either.
    if (charset !== undefined && checkCharset(charset) !== '' && this.headers.has('content-type')) {
      setCharset(this.headers, charset)
    }
    if (text != null) this.text = text
    for (const [name, value] of given.entries()) if (name !== 'content-type') this.headers.append(name, value)
    if (text == null && body != null) this.body = body
  }

  /** The body as text; `null` when there is none, or when it is a stream. */
  get text (): string | null {
    const body = this.#body
    if (body === null || typeof body === 'string') return body
    return Buffer.isBuffer(body) ? body.toString(encodings[this.charset ?? 'utf-8'] ?? 'utf8') : null
  }

  /**
   * Replaces the body; a missing media type becomes text/plain, a missing charset utf-8.
   *
   * @throws AIO_ERR_BODY, AIO_ERR_CHARSET when the charset is unknown or does not have all the characters
   */
  set text (text: string | null) {
    if (text !== null && typeof text !== 'string') throw new AIO_ERR_BODY(this.#where, describe(text))
    if (text !== null) {
      if (this.contentType === octets) this.contentType = 'text/plain'
      this.charset ??= 'utf-8'
    }
    const encoding = encodings[this.charset ?? 'utf-8']
    if (encoding === undefined) throw new AIO_ERR_CHARSET(describe(this.charset))
    if (text !== null && lacks[encoding]?.test(text) === true) {
      throw new AIO_ERR_CHARSET(`${describe(this.charset)}, which does not have all characters of the text`)
    }
    this.#blob = undefined
    this.#body = text === null || encoding === 'utf8' ? text : Buffer.from(text, encoding)
  }

  /** What is sent: text, bytes, a stream or nothing. */
  get body (): Body {
    return typeof this.#body === 'string' && this.headers.wide ? Buffer.from(this.#body) : this.#body
  }

  /** Replaces the body; a missing media type becomes text/plain (a string) or, with bytes, application/octet-stream. */
  set body (body: BodyInit | null) {
    if (typeof body === 'string') {
      this.text = body
      return
    }
    this.#blob = body instanceof Blob ? body : undefined
    this.#body = body === null ? null : toBody(this.#where, body)
    const empty = body === null || (body instanceof Uint8Array && body.length === 0)
    if (!empty && !this.headers.has('content-type')) this.#setType(this.#blob?.type ?? '')
  }

  /** How many bytes the body has; `null` when that is not known. */
  get length (): number | null {
    const body = this.#body
    if (this.#blob !== undefined) return this.#blob.size
    if (body === null) return 0
    return typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.byteLength(body) : null
  }

  #setType (type: string): void {
    if (type === '') this.contentType = octets
    else this.headers.set('content-type', type)
  }
}

function checkCharset (charset: string): string {
  if (encodings[String(charset).toLowerCase()] === undefined) throw new AIO_ERR_CHARSET(describe(charset))
  return charset
}

function setCharset (headers: Headers, charset: string | null): void {
  const type = (headers.get('content-type') ?? octets).replace(/;\s*charset=("[^"]*"|[^;]*)/i, '')
  headers.set('content-type', charset === null ? type : `${type}; charset=${charset.toLowerCase()}`)
}

/** Whatever can be sent, as something Node can send. */
function toBody (where: string, body: Exclude<BodyInit, string>): Body {
  if (body instanceof Blob) return Readable.fromWeb(body.stream())
  if (Buffer.isBuffer(body) || body instanceof ReadableStream) return body
  // An error that comes before the body is sent must not end the process; whoever sends it learns of it.
  if (body instanceof Readable) return body.on('error', () => {})
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
