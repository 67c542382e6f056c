/**
 * Faking outgoing HTTP: a middleware for ClientSession that answers instead of servers.
 *
 * Takes aioresponses' place. undici's MockAgent stands in for undici's connections; ClientSession opens its own, so
 * the requests are caught where client middlewares see them: with cookies and credentials, before a connection is
 * looked for.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { anything, check, checkOptions, either, func, integer, milliseconds, object, string, type Shape } from '../../lib/options.ts'
import type {
  ClientHandler, ClientMiddleware, ClientRequest, ClientResponse, HeaderMap, HeaderMapInit
} from '../client-session/index.ts'
import { AIO_ERR_MOCK_UNEXPECTED, AIO_ERR_MOCK_UNUSED } from './errors.ts'
import { Expectation, type QueryMatch, type UrlMatch } from './expectation.ts'

/** What is answered. */
export interface MockReply {
  /** @default 200 */
  status?: number
  /** @default the usual phrase of the status */
  reason?: string
  headers?: HeaderMapInit
  /** @default none */
  body?: string | Uint8Array
  /** A value that is sent as JSON, with its Content-Type. */
  json?: unknown
  /**
   * Milliseconds before the answer; limits and signals of the request count as usual.
   *
   * @default 0
   */
  delay?: number
  /** Thrown instead of an answer. */
  exception?: Error
}

/** A reply, and which requests it is for. */
export interface MockOptions extends MockReply {
  /** Added to the query of the URL; its order does not matter. */
  query?: QueryMatch
  /**
   * How often the request may come; `Infinity` for any number.
   *
   * @default 1
   */
  repeat?: number
  /** Makes the reply from the request, in place of `status`, `body` and the others. */
  callback?: Replier
}

/** Makes a reply. */
export type Replier = (request: MockRequest) => MockReply | Promise<MockReply>

/** A request that came. */
export interface MockRequest {
  readonly method: string
  readonly url: string
  readonly headers: HeaderMap
  /** As it would have gone over the wire. */
  readonly body: Buffer
}

const replyShape: Shape<MockReply> = {
  status: integer(200, 599),
  reason: string,
  headers: object,
  body: check('a string or bytes', value => typeof value === 'string' || value instanceof Uint8Array),
  json: anything,
  delay: milliseconds,
  exception: check('an Error', value => value instanceof Error)
}

const shape: Shape<MockOptions> = {
  ...replyShape,
  query: object,
  repeat: either(integer(1), check('Infinity', value => value === Infinity)),
  callback: func
}

/** Answers for servers that are not there. */
export class MockClient {
  /** Every request that came, also those nobody expected and those that were passed through. */
  readonly requests: MockRequest[] = []
  readonly #expectations: Expectation<MockReply | Replier>[] = []
  readonly #unexpected: string[] = []
  readonly #open = new Set<string>()

  /** For `new ClientSession({ middlewares: [mock.middleware] })`; last, so that the others run as usual. */
  readonly middleware: ClientMiddleware = (request, handler) => this.#answer(request, handler)

  /**
   * Expects a request. Of several that fit, the first that is not used up answers.
   *
   * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, TypeError for what is no URL
   */
  on (method: string, url: UrlMatch, options: MockOptions = {}): this {
    checkOptions('MockClient', options, shape)
    const { query = {}, repeat = 1, callback, ...reply } = options
    this.#expectations.push(new Expectation(method, url, query, repeat, callback ?? reply))
    return this
  }

  /** As `on('GET', …)`. */
  get (url: UrlMatch, options?: MockOptions): this {
    return this.on('GET', url, options)
  }

  /** As `on('POST', …)`. */
  post (url: UrlMatch, options?: MockOptions): this {
    return this.on('POST', url, options)
  }

  /** As `on('PUT', …)`. */
  put (url: UrlMatch, options?: MockOptions): this {
    return this.on('PUT', url, options)
  }

  /** As `on('PATCH', …)`. */
  patch (url: UrlMatch, options?: MockOptions): this {
    return this.on('PATCH', url, options)
  }

  /** As `on('DELETE', …)`. */
  delete (url: UrlMatch, options?: MockOptions): this {
    return this.on('DELETE', url, options)
  }

  /** As `on('HEAD', …)`. */
  head (url: UrlMatch, options?: MockOptions): this {
    return this.on('HEAD', url, options)
  }

  /** Lets requests to these hosts (`name` or `name:port`) through to the real servers. */
  passthrough (...hosts: readonly string[]): this {
    for (const host of hosts) this.#open.add(host.toLowerCase())
    return this
  }

  /**
   * Throws unless every expected request came as often as it should, and no other.
   *
   * @throws AIO_ERR_MOCK_UNUSED
   */
  assertDone (): void {
    const missing = this.#expectations.filter(({ met }) => !met).map(each => `missing ${each}`)
    const problems = [...missing, ...this.#unexpected.map(request => `unexpected ${request}`)]
    if (problems.length > 0) throw new AIO_ERR_MOCK_UNUSED(problems.join(', '))
  }

  /** Forgets all expectations and requests. */
  clear (): void {
    this.requests.length = 0
    this.#expectations.length = 0
    this.#unexpected.length = 0
  }

  async #answer (request: ClientRequest, handler: ClientHandler): Promise<ClientResponse> {
    const { method, headers, url: { href, host, hostname } } = request
    if (this.#open.has(host) || this.#open.has(hostname)) {
      this.requests.push({ method, url: href, headers, body: Buffer.alloc(0) })
      return await handler(request)
    }
    const seen: MockRequest = { method, url: href, headers, body: await bodyOf(request) }
    this.requests.push(seen)
    const found = this.#expectations.find(each => each.matches(method, href) && !each.usedUp)
    if (found === undefined) throw this.#refuse(`${method} ${href}`)
    found.use()
    return await respond(request, typeof found.reply === 'function' ? await found.reply(seen) : found.reply)
  }

  #refuse (request: string): Error {
    this.#unexpected.push(request)
    const expected = this.#expectations.map(each => `\n  ${each}`).join('')
    return new AIO_ERR_MOCK_UNEXPECTED(request, expected === '' ? 'none is expected' : `expected are${expected}`)
  }
}

/** A new `MockClient`. */
export function mockClient (): MockClient {
  return new MockClient()
}

async function respond (request: ClientRequest, reply: MockReply): Promise<ClientResponse> {
  checkOptions('a reply of MockClient', reply, replyShape)
  const { delay = 0, exception, json, ...response } = reply
  if (delay > 0) await sleep(delay)
  if (exception !== undefined) throw exception
  if (json === undefined) return request.respond(response)
  const made = request.respond({ body: JSON.stringify(json), ...response })
  if (!made.headers.has('content-type')) made.headers.set('Content-Type', 'application/json')
  return made
}

async function bodyOf ({ body }: ClientRequest): Promise<Buffer> {
  const content = body?.body ?? null
  if (content === null || Buffer.isBuffer(content)) return content ?? Buffer.alloc(0)
  const pieces = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}
