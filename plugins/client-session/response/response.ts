/**
 * The response to a request: its head at once, its body as it is read.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer'
import { ClientConnectionError, ClientResponseError, ContentTypeError, type RequestInfo } from '../errors.ts'
import { decoded } from '../body/decompress.ts'
import { HeaderMap } from '../header-map.ts'
import type { Connection } from '../http1/connection.ts'
import type { Answer, Exchange } from '../http1/exchange.ts'
import { parseLinks, type Link } from './links.ts'
import type { ClientRequest } from '../request.ts'
import { decoderOf, encodingOf, mediaTypeOf, type MediaType } from './charset.ts'
import { dispositionOf, type ContentDisposition } from './disposition.ts'
import { bodyLimitsOf } from '../session-settings.ts'
import { parseSetCookie, type Cookie } from '../cookies/set-cookie.ts'
import { StreamReader } from './stream-reader.ts'
import type { BodySource } from '../types.ts'
import { AIO_ERR_CLIENT_NOT_READ } from '../usage-errors.ts'

/** Where a response comes from. */
export interface ResponseOrigin {
  readonly request: ClientRequest
  readonly answer: Pick<Answer, 'upgraded'> & { readonly head: Omit<Answer['head'], 'dubious'>, readonly body: BodySource }
  /** `null` when no server sent it. */
  readonly connection: Connection | null
  readonly exchange: Pick<Exchange, 'over' | 'abort' | 'onOver'>
}

/** How `text()` reads. */
export interface TextOptions {
  /** The charset, instead of the one the response names. */
  encoding?: string
  /**
   * What becomes of bytes that are invalid in the charset: an error, U+FFFD, nothing.
   *
   * @default 'strict'
   */
  errors?: 'strict' | 'replace' | 'ignore'
}

/** How `json()` reads. */
export interface JsonOptions extends Pick<TextOptions, 'encoding'> {
  /** How text becomes a value; @default JSON.parse */
  loads?: (text: string) => unknown
  /** The type the response must have, `null` for any; @default 'application/json' */
  contentType?: string | null
}

const jsonType = /^application\/(?:[\w.+-]+?\+)?json/i

/** What a request resolves with. */
export class ClientResponse {
  readonly status: number
  readonly reason: string
  readonly version: '1.0' | '1.1'
  readonly method: string
  readonly headers: HeaderMap
  /** The responses that led here, the first one first. */
  readonly history: readonly ClientResponse[]
  readonly #origin: ResponseOrigin
  #decoded: BodySource | undefined
  #content: StreamReader | undefined
  #body: Buffer | undefined
  #released = false

  constructor (origin: ResponseOrigin, history: readonly ClientResponse[]) {
    const { head } = origin.answer
    this.#origin = origin
    this.status = head.status
    this.reason = head.reason
    this.version = head.version
    this.method = origin.request.method
    this.headers = HeaderMap.of(head.headers)
    this.history = history
  }

  /** Whether the status is below 400. */
  get ok (): boolean {
    return this.status < 400
  }

  /** Without its fragment. */
  get url (): string {
    return this.#origin.request.url.withoutHash().href
  }

  /** With its fragment. */
  get realUrl (): string {
    return this.#origin.request.url.href
  }

  /** The server's name, without a port. */
  get host (): string {
    return this.#origin.request.url.hostname
  }

  get requestInfo (): RequestInfo {
    return this.#origin.request.info
  }

  /** The connection, `null` once it was given back. */
  get connection (): Connection | null {
    return this.#origin.exchange.over ? null : this.#origin.connection
  }

  /** Whether nothing more will come. */
  get closed (): boolean {
    return this.#origin.exchange.over
  }

  /** Name and value of each header in the bytes they came as. */
  get rawHeaders (): [name: Buffer, value: Buffer][] {
    return Array.from(this.headers, ([name, value]) => [Buffer.from(name), Buffer.from(value)])
  }

  /** What the server set with this response, whether the jar took it or not. */
  get cookies (): Map<string, Cookie> {
    return new Map(parseSetCookie(this.headers.getAll('set-cookie')).map(cookie => [cookie.name, cookie]))
  }

  /** The Link headers by their relation. */
  get links (): Map<string, Link> {
    return parseLinks(this.headers.getAll('link'), this.#origin.request.url)
  }

  /** In lower case, without parameters. */
  get contentType (): string {
    return this.#mediaType.type
  }

  /** As the response names it, `null` when it does not. */
  get charset (): string | null {
    return this.#mediaType.charset ?? null
  }

  /** In bytes, before decompression; `null` when it is not known. */
  get contentLength (): number | null {
    const length = this.headers.get('content-length')
    return length === undefined ? null : Number(length)
  }

  get contentDisposition (): ContentDisposition | null {
    const value = this.headers.get('content-disposition')
    return value === undefined ? null : dispositionOf(value)
  }

  /** The body as a stream that is read in the portions one likes. */
  get content (): StreamReader {
    const { options, settings } = this.#origin.request.call
    this.#content ??= new StreamReader(this.#source, options.readBufferSize ?? settings.options.readBufferSize)
    return this.#content
  }

  /**
   * The whole body; the same one each time.
   *
   * @throws ClientPayloadError when it is incomplete or broken, TimeoutError, SocketTimeoutError, AbortError
   */
  async read (): Promise<Buffer> {
    if (this.#body !== undefined) return this.#body
    if (this.#released) throw new ClientConnectionError('Connection closed')
    const body = this.#content === undefined ? await readAll(this.#source) : await this.#content.read()
    this.#body = body
    const { call, method, url } = this.#origin.request
    if (call.trace !== undefined) await call.trace.send('onResponseChunkReceived', { method, url: url.withoutHash().href, chunk: body })
    return body
  }

  /**
   * The body as text.
   *
   * @throws TypeError with the code ERR_ENCODING_INVALID_ENCODED_DATA for bytes the charset does not have
   */
  async text ({ encoding, errors = 'strict' }: TextOptions = {}): Promise<string> {
    const body = await this.read()
    const name = encoding ?? this.getEncoding()
    if (name === 'utf-8' && isUtf8(body)) return body.toString('utf8')
    return decoderOf(name, errors)(body)
  }

  /** The body as JSON; `null` when it is empty. @throws ContentTypeError, SyntaxError */
  async json<Value = unknown> (options: JsonOptions = {}): Promise<Value | null> {
    const { encoding, loads = JSON.parse, contentType = 'application/json' } = options
    const body = await this.read()
    if (contentType !== null) this.#checkType(contentType.toLowerCase())
    const name = encoding ?? this.getEncoding()
    const text = name === 'utf-8' && isUtf8(body) ? body.toString('utf8') : decoderOf(name, 'strict')(body)
    return text.trim() === '' ? null : loads(text) as Value
  }

  /**
   * The charset `text()` uses: the response's, UTF-8 for JSON, else what the session's resolver says.
   *
   * @throws AIO_ERR_CLIENT_NOT_READ when the resolver has to see the body first
   */
  getEncoding (): string {
    const known = encodingOf(this.#mediaType)
    if (known !== undefined) return known
    if (this.#body === undefined) throw new AIO_ERR_CLIENT_NOT_READ()
    const resolve = this.#origin.request.call.settings.options.fallbackCharsetResolver
    return resolve === undefined ? 'utf-8' : resolve(this, this.#body)
  }

  /** Gives the connection back; what has not come of the body is not waited for. */
  release (): void {
    this.#released = true
    this.#origin.exchange.abort(new ClientConnectionError('Connection closed'))
  }

  /** As release(); resolves when a connection that can be used again is back in its pool. */
  async settle (): Promise<void> {
    this.release()
    await Promise.resolve()
  }

  /** Called when the body is complete or broken off. */
  onEnd (listener: () => void): void {
    this.#origin.exchange.onOver(listener)
  }

  /** As release(): a connection whose response is complete has gone back to its pool already. */
  close (): void {
    this.release()
  }

  /** The socket and what came behind the head, when the server has switched protocols as it was asked to. */
  get upgraded (): Answer['upgraded'] {
    return this.#origin.answer.upgraded
  }

  /** @throws ClientResponseError for a status of 400 and above */
  raiseForStatus (): void {
    if (this.ok) return
    this.release()
    throw new ClientResponseError({ ...this.#failure(), message: this.reason })
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.release()
  }

  get #mediaType (): MediaType {
    return mediaTypeOf(this.headers.get('content-type'))
  }

  get #source (): BodySource {
    if (this.#decoded !== undefined) return this.#decoded
    const { answer, request: { call } } = this.#origin
    const { options, settings } = call
    const decompress = options.autoDecompress ?? settings.options.autoDecompress ?? true
    const coding = decompress ? this.headers.get('content-encoding') : undefined
    const { maxBodySize } = bodyLimitsOf(call)
    this.#decoded = coding === undefined ? answer.body : decoded(answer.body, coding, maxBodySize) ?? answer.body
    return this.#decoded
  }

  #checkType (wanted: string): void {
    const type = this.contentType
    if (wanted === 'application/json' ? jsonType.test(type) : type === wanted) return
    const message = `Attempt to decode JSON with unexpected mimetype: ${this.headers.get('content-type') ?? ''}`
    throw new ContentTypeError({ ...this.#failure(), message })
  }

  #failure () {
    return { requestInfo: this.requestInfo, history: this.history, status: this.status, headers: this.headers }
  }
}

async function readAll (source: BodySource): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (;;) {
    // What is there already is taken without waiting for it.
    const found = source.poll()
    const piece = found === undefined ? await source.next() : found
    if (piece === null) break
    pieces.push(piece)
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
}
