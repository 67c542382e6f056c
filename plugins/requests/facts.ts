/**
 * What a request says about itself: its target, headers and body, each worked out when it is asked for.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { parseETags, parseHttpDate, type ETag } from '../../lib/conditions.ts'
import { Body } from './body.ts'
import { decodeText } from './charset.ts'
import { parseContentType, type ContentType } from './content-type.ts'
import { parseCookies } from './cookies.ts'
import { AIO_ERR_BODY_PARSED } from './errors.ts'
import { multipartForm, urlencodedForm, type Form, type FormLimits } from './form.ts'
import { parseForwarded } from './forwarded.ts'
import { parseJSON, type Poisoning } from './json.ts'
import { MultiDict } from './multi-dict.ts'
import { MultipartReader } from './multipart.ts'
import { queryPairs, unquote } from './quoting.ts'
import { parseRange, type RangeSlice } from './range.ts'
import { absoluteUrl, parseTarget, type Target } from './target.ts'

/** What is the same for every request of an app. */
export interface FactsOptions {
  readonly maxParts: number
  readonly maxHeaders: number
  readonly maxFieldSize: number
  readonly maxFieldsSize: number
  readonly poisoning: Poisoning
}

/** What a copy of a request has of its own. */
export interface Overrides {
  readonly clientMaxSize?: number | undefined
  readonly remote?: string | undefined
  readonly scheme?: string | undefined
  readonly authority?: string | undefined
  /** Its headers, where they are not those that were sent. */
  readonly headers?: MultiDict | undefined
}

const formMethods = new Set(['DELETE', 'PATCH', 'POST', 'PUT', 'TRACE'])

/** The facts about one request. */
export class Facts {
  readonly body: Body
  readonly #request: FastifyRequest
  readonly #options: FactsOptions
  readonly #clientMaxSize: number
  readonly #overrides: Overrides
  #target: Target | undefined
  #type: ContentType | undefined
  #query: MultiDict | undefined
  #headers: MultiDict | undefined
  #cookies: Readonly<Record<string, string>> | undefined
  #form: Promise<Form> | undefined

  constructor (
    request: FastifyRequest, body: Body, clientMaxSize: number, options: FactsOptions, overrides: Overrides = {}
  ) {
    this.#request = request
    this.body = body
    this.#options = options
    this.#overrides = overrides
    this.#clientMaxSize = overrides.clientMaxSize ?? clientMaxSize
  }

  get clientMaxSize (): number {
    return this.#clientMaxSize
  }

  get version (): string {
    return this.#request.raw.httpVersion
  }

  get target (): Target {
    this.#target ??= parseTarget(this.#request.originalUrl)
    return this.#target
  }

  get scheme (): string {
    const { encrypted } = this.#request.raw.socket as { encrypted?: boolean }
    return this.#overrides.scheme ?? this.#forwarded('protocol') ?? this.target.scheme ??
      (encrypted === true ? 'https' : 'http')
  }

  get secure (): boolean {
    return this.scheme === 'https'
  }

  get authority (): string {
    return this.#overrides.authority ?? this.#forwarded('host') ?? this.target.host ?? this.#ownAuthority
  }

  get remote (): string | null {
    return this.#overrides.remote ?? this.#forwarded('ip') ?? this.#request.raw.socket?.remoteAddress ?? null
  }

  get path (): string {
    return unquote(this.target.path)
  }

  get rawPath (): string {
    return this.#request.originalUrl
  }

  get pathQs (): string {
    return this.target.relative
  }

  get queryString (): string {
    return unquote(this.target.query, 'space', '+=&;')
  }

  get queryMulti (): MultiDict {
    this.#query ??= new MultiDict(queryPairs(this.target.query))
    return this.#query
  }

  get absoluteUrl (): string {
    const authority = this.#overrides.authority ?? this.#forwarded('host') ?? this.target.authority ??
      this.#ownAuthority
    return absoluteUrl(this.scheme, authority, this.target.relative)
  }

  get headersMulti (): MultiDict {
    this.#headers ??= this.#overrides.headers ??
      new MultiDict(rawPairs(this.#request.raw.rawHeaders), { ignoreCase: true })
    return this.#headers
  }

  get cookies (): Readonly<Record<string, string>> {
    this.#cookies ??= parseCookies(this.headersMulti.getAll('cookie').join('; '))
    return this.#cookies
  }

  get keepAlive (): boolean {
    const tokens = (this.#header('connection') ?? '').toLowerCase().split(',').map(token => token.trim())
    if (tokens.includes('close')) return false
    return this.version !== '1.0' || tokens.includes('keep-alive')
  }

  get contentType (): string {
    return this.#contentType.type
  }

  get charset (): string | null {
    return this.#contentType.parameters.get('charset') ?? null
  }

  get contentLength (): number | null {
    const length = this.#header('content-length')
    return length === undefined ? null : Number(length)
  }

  get httpRange (): RangeSlice {
    return parseRange(this.#header('range'))
  }

  get ifMatch (): readonly ETag[] | null {
    return parseETags(this.#header('if-match'))
  }

  get ifNoneMatch (): readonly ETag[] | null {
    return parseETags(this.#header('if-none-match'))
  }

  get ifModifiedSince (): Date | null {
    return parseHttpDate(this.#header('if-modified-since'))
  }

  get ifUnmodifiedSince (): Date | null {
    return parseHttpDate(this.#header('if-unmodified-since'))
  }

  get ifRange (): Date | null {
    return parseHttpDate(this.#header('if-range'))
  }

  get forwarded (): readonly Readonly<Record<string, string>>[] {
    return parseForwarded(this.headersMulti.getAll('forwarded'))
  }

  async read (): Promise<Buffer> {
    const parsed = this.#request.body
    if (this.#wasParsed) {
      if (typeof parsed !== 'string' && !Buffer.isBuffer(parsed)) throw new AIO_ERR_BODY_PARSED('request.read()')
      this.body.provide(Buffer.from(parsed))
    }
    return await this.body.read(this.#clientMaxSize)
  }

  async text (): Promise<string> {
    return decodeText(await this.read(), this.charset ?? 'utf-8')
  }

  async json<T> (): Promise<T> {
    const parsed = this.#request.body
    if (this.#wasParsed && typeof parsed !== 'string' && !Buffer.isBuffer(parsed)) return parsed as T
    return parseJSON<T>(await this.text(), this.#options.poisoning)
  }

  multipart (): MultipartReader {
    const type = this.#header('content-type')
    const headers = new MultiDict(type === undefined ? [] : [['Content-Type', type]], { ignoreCase: true })
    return new MultipartReader(this.body.content, headers, { ...this.#options, maxSize: this.#clientMaxSize })
  }

  post (): Promise<Form> {
    this.#form ??= this.#readForm()
    return this.#form
  }

  async #readForm (): Promise<Form> {
    const limits: FormLimits = { ...this.#options, maxSize: this.#clientMaxSize }
    if (!formMethods.has(this.#request.method)) return new MultiDict()
    if (this.contentType === 'application/x-www-form-urlencoded') {
      return urlencodedForm(await this.read(), this.charset ?? 'utf-8', limits)
    }
    if (this.contentType !== 'multipart/form-data') return new MultiDict()
    const { body } = this
    return await body.guard(multipartForm(this.multipart(), body.spool, limits))
  }

  /** What Fastify says where it believes proxies (`trustProxy`, or the remotes plugin); nothing where it does not. */
  #forwarded (name: 'host' | 'ip' | 'protocol'): string | undefined {
    // Empty is a host that nobody named.
    return this.#request.ips === undefined ? undefined : this.#request[name] || undefined
  }

  /** Whether Fastify has read the body before us. */
  get #wasParsed (): boolean {
    return this.#request.body !== undefined && this.#request.body !== null && !this.body.wasRead
  }

  get #contentType (): ContentType {
    this.#type ??= parseContentType(this.#header('content-type'))
    return this.#type
  }

  /** Whom the request is for, where the target does not say. */
  get #ownAuthority (): string {
    const host = this.#header('host') ?? this.#header(':authority')
    if (host !== undefined) return host
    const { localAddress = '' } = this.#request.raw.socket
    return localAddress.includes(':') ? `[${localAddress}]` : localAddress
  }

  #header (name: string): string | undefined {
    const value = this.#request.headers[name]
    if (value === undefined) return undefined
    const text = Array.isArray(value) ? value.join(', ') : value
    return this.#overrides.headers === undefined ? toText(text) : text
  }
}

/** Names and values as they came; Node decodes them as latin1, clients send UTF-8. */
function * rawPairs (raw: readonly string[]): Generator<[name: string, value: string]> {
  for (let index = 0; index + 1 < raw.length; index += 2) yield [raw[index] ?? '', toText(raw[index + 1] ?? '')]
}

const ascii = /^[\0-\x7f]*$/

function toText (value: string): string {
  return ascii.test(value) ? value : Buffer.from(value, 'latin1').toString('utf8')
}
