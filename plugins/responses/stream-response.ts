/**
 * aiohttp's StreamResponse: the head first, then the body piece by piece, as fast as the client takes it.
 *
 * Goes through Fastify like any other response: hooks see it, and `onResponsePrepare` does.
 *
 * @module
 */

import { ServerResponse } from 'node:http'
import { PassThrough, Transform, finished } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Head, type Body } from '../../lib/content.ts'
import {
  AIO_ERR_ARGUMENT_INVALID, AIO_ERR_ETAG, AIO_ERR_RESPONSE_CLOSED, AIO_ERR_RESPONSE_LENGTH, AIO_ERR_RESPONSE_REPLY,
  AIO_ERR_RESPONSE_STATE
} from '../../lib/errors.ts'
import { Headers, type HeadersInit } from '../../lib/headers.ts'
import { anything, checkOptions, describe, integer, string, type Shape } from '../../lib/options.ts'
import { checkReason, reasonPhrase } from '../../lib/status.ts'
import { contentCodings, createEncoder, negotiateCoding, type ContentCoding } from './compression.ts'
import { noteStarted, replyOf, type Started } from './reply.ts'

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

/** A response that is written in pieces. */
export class StreamResponse extends Head implements Started {
  #status: number
  #reason: string | undefined
  #chunked = false
  #compression: ContentCoding | 'negotiated' | undefined
  #sink: Transform | undefined
  #raw: ServerResponse | undefined
  /** Bytes that may still be written; `undefined` without a length. */
  #left: number | undefined
  #ended: Promise<void> | undefined
  /** HEAD, 204 and 304: nothing that is written is sent. */
  #bodiless = false
  #prepared: Promise<void> | undefined

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

  /** Whether the head is on its way. */
  get prepared (): boolean {
    return this.#sink !== undefined
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

  /** What Fastify pipes; `null` before `prepare()`. */
  get body (): Body {
    return this.#sink ?? null
  }

  /**
   * Sends the head; resolves when it is out, and does nothing the second time. The reply has to be given in handlers
   * of Fastify's own routes, which end the response and return the reply; those of `addRoutes()` return the response.
   *
   * @throws AIO_ERR_RESPONSE_STATE, AIO_ERR_RESPONSE_REPLY
   */
  async prepare (request: FastifyRequest, reply: FastifyReply | undefined = replyOf(request)): Promise<void> {
    this.#prepared ??= this.#start(request, reply)
    return await this.#prepared
  }

  async #start ({ method, raw }: FastifyRequest, reply: FastifyReply | undefined): Promise<void> {
    if (reply === undefined) throw new AIO_ERR_RESPONSE_REPLY()
    if (reply.raw.destroyed) throw new AIO_ERR_RESPONSE_CLOSED()
    if (this.#chunked && raw.httpVersion === '1.0') {
      throw new AIO_ERR_RESPONSE_STATE('send chunks', 'the client speaks HTTP/1.0')
    }
    const statusOnly = this.#status === 204 || this.#status === 304
    this.#bodiless = method === 'HEAD' || statusOnly
    const coding = statusOnly ? 'identity' : this.applyCoding(raw.headers['accept-encoding'])
    if (!this.#bodiless && this.contentLength !== 0 && !this.headers.has('content-type')) {
      this.headers.set('content-type', 'application/octet-stream')
    }
    this.#left = this.#bodiless ? undefined : this.contentLength ?? undefined
    this.#raw = reply.raw
    const sink = coding === 'identity' || this.#bodiless ? new PassThrough() : createEncoder(coding)
    const piped = this.#whenPiped(sink, reply.raw)
    this.#sink = sink
    // Whoever writes learns of it; a response nobody writes to must not end the process.
    sink.on('error', () => {})
    noteStarted(raw, this)
    finished(reply.raw, () => {
      noteStarted(raw, undefined)
      // Nobody else does when nothing was piped; whoever still writes learns that way.
      sink.destroy()
    })
    reply.send(this)
    await piped
  }

  /** Resolves when Fastify pipes the body, with the head out; or when the response is over without a body. */
  #whenPiped (sink: Transform, raw: ServerResponse): Promise<void> {
    return new Promise(resolve => {
      const pipe = sink.pipe.bind(sink)
      let piped = false
      sink.pipe = (target, options) => {
        // A handler of Fastify's own routes has returned what it has written to: it is done.
        if (piped) this.writeEof().catch(() => {})
        else {
          piped = true
          if (raw instanceof ServerResponse) raw.statusMessage = this.reason
          pipe(target, options)
          raw.flushHeaders()
          resolve()
        }
        return target
      }
      finished(raw, () => resolve())
    })
  }

  /**
   * Sends a piece; resolves when there is room for more. What is beyond the length is dropped.
   *
   * @throws AIO_ERR_RESPONSE_STATE, AIO_ERR_RESPONSE_CLOSED
   */
  async write (data: string | Uint8Array): Promise<void> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      throw new AIO_ERR_ARGUMENT_INVALID('data', 'write()', 'a string or bytes', describe(data))
    }
    const sink = this.#writable('write')
    if (this.#bodiless) return
    let chunk: Uint8Array = typeof data === 'string' ? Buffer.from(data) : data
    if (this.#left !== undefined) {
      chunk = chunk.subarray(0, this.#left)
      this.#left -= chunk.length
    }
    if (chunk.length === 0 || sink.write(chunk)) return
    await drained(sink)
    if (sink.destroyed) throw new AIO_ERR_RESPONSE_CLOSED()
  }

  /** Ends the body, after a last piece; does nothing the second time. @throws as `write()` */
  async writeEof (data: string | Uint8Array = ''): Promise<void> {
    this.#ended ??= this.#end(data)
    return await this.#ended
  }

  /** Cuts the connection when the response is not at its end. */
  abort (): void {
    if (this.#raw?.writableEnded === false) this.#raw.destroy()
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

  async #end (data: string | Uint8Array): Promise<void> {
    if (this.#bodiless) {
      this.#sink?.end()
      return
    }
    if (data.length > 0) await this.write(data)
    const sink = this.#writable('end the response')
    if (this.#left !== undefined && this.#left > 0) {
      // A body that is shorter than its length must not look complete.
      this.abort()
      const length = this.contentLength ?? 0
      throw new AIO_ERR_RESPONSE_LENGTH(length, length - this.#left)
    }
    sink.end()
  }

  #writable (what: string): Transform {
    const sink = this.#sink
    if (sink === undefined) throw new AIO_ERR_RESPONSE_STATE(what, 'the response is not prepared yet')
    if (sink.writableEnded) throw new AIO_ERR_RESPONSE_STATE(what, 'the response has ended')
    if (sink.destroyed && !this.#bodiless) throw new AIO_ERR_RESPONSE_CLOSED()
    return sink
  }
}

/** Tells caches that the answer depends on Accept-Encoding. */
export function addVary (headers: Headers): void {
  const vary = headers.get('vary') ?? ''
  if (/(^|,)\s*(accept-encoding|\*)\s*(,|$)/i.test(vary)) return
  headers.set('vary', vary === '' ? 'Accept-Encoding' : `${vary}, Accept-Encoding`)
}

/** Resolves when there is room for more, or when there will never be. */
function drained (sink: Transform): Promise<void> {
  return new Promise(resolve => {
    const settle = () => {
      sink.off('drain', settle).off('close', settle)
      resolve()
    }
    sink.on('drain', settle).on('close', settle)
  })
}
