/**
 * aiohttp's MultipartWriter: several bodies in one, each with headers of its own (RFC 2046, section 5.1).
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { Headers, type HeadersInit } from '../../lib/headers.ts'
import { checkOptions, describe, string } from '../../lib/options.ts'

/** Options of a multipart body. */
export interface MultipartWriterOptions {
  /** What separates the parts. @default a random one */
  boundary?: string | undefined
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Collects parts; give it to `new Response({ body: writer })`. */
export class MultipartWriter {
  /** The subtype: `mixed`, `form-data`, `related` … */
  readonly subtype: string
  readonly boundary: string
  readonly #parts: { headers: Headers, content: Buffer }[] = []

  /** @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (subtype = 'mixed', options: MultipartWriterOptions = {}) {
    checkOptions('MultipartWriter', options, { boundary: string })
    const { boundary = randomUUID().replaceAll('-', '') } = options
    if (!token.test(subtype)) {
      throw new AIO_ERR_ARGUMENT_INVALID('subtype', 'MultipartWriter', 'a token', describe(subtype))
    }
    // RFC 2046, section 5.1.1
    if (!/^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/.test(boundary)) {
      const expected = '1 to 70 characters of a boundary'
      throw new AIO_ERR_ARGUMENT_INVALID('boundary', 'MultipartWriter', expected, describe(boundary))
    }
    this.subtype = subtype
    this.boundary = boundary
  }

  /** How many parts there are. */
  get length (): number {
    return this.#parts.length
  }

  /** The media type of the whole; a boundary that is no token is quoted. */
  get contentType (): string {
    const { boundary } = this
    return `multipart/${this.subtype}; boundary=${token.test(boundary) ? boundary : `"${boundary}"`}`
  }

  /** Adds a part; a missing Content-Type becomes that of the content. @throws AIO_ERR_HEADER_(NAME, VALUE) */
  append (content: string | Uint8Array | MultipartWriter, headers?: HeadersInit): void {
    const fields = new Headers(headers)
    const bytes = content instanceof MultipartWriter ? content.toBuffer() : Buffer.from(content as string)
    if (content instanceof MultipartWriter) fields.set('content-type', content.contentType)
    else if (!fields.has('content-type')) {
      fields.set('content-type', typeof content === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream')
    }
    fields.set('content-length', bytes.length)
    this.#parts.push({ headers: fields, content: bytes })
  }

  /** Adds a part with JSON. */
  appendJSON (data: unknown, headers?: HeadersInit): void {
    const fields = new Headers(headers)
    if (!fields.has('content-type')) fields.set('content-type', 'application/json')
    this.append(JSON.stringify(data), fields)
  }

  /** Adds a part with an urlencoded form. */
  appendForm (data: Readonly<Record<string, string>> | Iterable<[string, string]>, headers?: HeadersInit): void {
    const fields = new Headers(headers)
    if (!fields.has('content-type')) fields.set('content-type', 'application/x-www-form-urlencoded')
    const pairs: Iterable<[string, string]> = Symbol.iterator in data ? data : Object.entries(data)
    this.append(new URLSearchParams([...pairs]).toString(), fields)
  }

  /** The whole body. */
  toBuffer (): Buffer {
    const pieces = this.#parts.flatMap(({ headers, content }) => [
      Buffer.from(`--${this.boundary}\r\n${headerLines(headers)}\r\n`), content, Buffer.from('\r\n')
    ])
    return Buffer.concat([...pieces, Buffer.from(`--${this.boundary}--\r\n`)])
  }
}

function headerLines (headers: Headers): string {
  return Array.from(headers.entries(), ([name, value]) =>
    `${name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase())}: ${value}\r\n`).join('')
}
