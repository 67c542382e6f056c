/**
 * aiohttp's ClientSession: a pool of connections, cookies and defaults for the requests of an application.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import { describe } from '../../lib/options.ts'
import { Call } from './call.ts'
import type { BaseConnector } from './connector/base-connector.ts'
import { TcpConnector } from './connector/tcp-connector.ts'
import { CookieJar } from './cookies/cookie-jar.ts'
import { HeaderMap } from './header-map.ts'
import { checkRequestOptions, checkSessionOptions } from './option-checks.ts'
import type { RequestOptions, SessionOptions } from './options.ts'
import type { ClientResponse } from './response/response.ts'
import { settingsOf, type SessionSettings } from './session-settings.ts'
import type { CookieStore } from './types.ts'
import type { UrlInit } from './url/url.ts'
import type { WsConnectOptions } from './websocket/ws-options.ts'
import type { ClientWebSocketResponse } from './websocket/ws-response.ts'
import { forget, warnUnlessClosed } from './unclosed.ts'
import { AIO_ERR_CLIENT_CLOSED, AIO_ERR_CLIENT_METHOD } from './usage-errors.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Create one for an application, not one for each request. */
export class ClientSession {
  readonly #settings: SessionSettings
  #connector: BaseConnector | undefined
  #owner: boolean
  #closed = false

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_CLIENT_BASE_URL */
  constructor (options: SessionOptions = {}) {
    checkSessionOptions(options)
    this.#connector = options.connector ?? new TcpConnector()
    this.#owner = options.connectorOwner ?? true
    this.#settings = settingsOf(options, this.#connector, options.cookieJar ?? new CookieJar())
    if (this.#owner) warnUnlessClosed(this)
  }

  /** Whether it takes no more requests. */
  get closed (): boolean {
    return this.#closed || this.#connector === undefined || this.#connector.closed
  }

  get connector (): BaseConnector | undefined {
    return this.#connector
  }

  get cookieJar (): CookieStore {
    return this.#settings.cookieJar
  }

  /**
   * Sends a request.
   *
   * @throws ClientError and its kind, TimeoutError, the signal's reason; AIO_ERR_CLIENT_CLOSED after close()
   */
  async request (method: string, url: UrlInit, options: RequestOptions = {}): Promise<ClientResponse> {
    return await this.#call(method, url, options, false)
  }

  /**
   * Asks the server to switch protocols, with all that belongs to a request of this session: headers, cookies,
   * credentials, proxy, TLS, limits up to the answer, redirects. `socket` is `undefined` when it does not.
   *
   * @throws what `request()` throws
   */
  async upgrade (method: string, url: UrlInit, options: RequestOptions = {}): Promise<Upgraded> {
    const response = await this.#call(method, url, options, true)
    return { response, socket: response.upgraded?.socket, head: response.upgraded?.rest ?? Buffer.alloc(0) }
  }

  /**
   * Opens a websocket: with the session's headers, cookies, credentials, proxy and limits, which end with the
   * handshake. Redirects are followed.
   *
   * @throws WSServerHandshakeError when the server refuses, and what `request()` throws
   */
  async wsConnect (url: UrlInit, options: WsConnectOptions = {}): Promise<ClientWebSocketResponse> {
    const { wsConnect } = await import('./websocket/ws-connect.ts')
    return await wsConnect(this, url, options)
  }

  get (url: UrlInit, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('GET', url, options)
  }

  options (url: UrlInit, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('OPTIONS', url, options)
  }

  /** Follows redirects only when it is told to. */
  head (url: UrlInit, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('HEAD', url, { allowRedirects: false, ...options })
  }

  post (url: UrlInit, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('POST', url, options)
  }

  put (url: UrlInit, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('PUT', url, options)
  }

  patch (url: UrlInit, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('PATCH', url, options)
  }

  delete (url: UrlInit, options?: RequestOptions): Promise<ClientResponse> {
    return this.request('DELETE', url, options)
  }

  /**
   * A session with other defaults over the same connections and the same cookies. What it is given goes before what
   * this one has, headers by their names; it need not be closed.
   */
  child (options: Omit<SessionOptions, 'connector' | 'connectorOwner' | 'cookieJar' | 'cookies'> = {}): ClientSession {
    if (this.#connector === undefined) throw new AIO_ERR_CLIENT_CLOSED()
    const { cookies, ...inherited } = this.#settings.options
    const headers = new HeaderMap(this.#settings.headers)
    if (options.headers !== undefined) headers.replace(options.headers)
    return new ClientSession({
      ...inherited, ...options, headers, connector: this.#connector, connectorOwner: false, cookieJar: this.cookieJar
    })
  }

  /** Closes the session and, if it is its own, the connector. */
  async close (): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    forget(this)
    const connector = this.#connector
    this.#connector = undefined
    if (this.#owner) await connector?.close()
    await this.#settings.http2?.close()
  }

  /** Lets go of the connector, which stays open; the session counts as closed. */
  detach (): void {
    forget(this)
    this.#connector = undefined
    this.#owner = false
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.close()
  }

  #call (method: string, url: UrlInit, options: RequestOptions, upgrade: boolean): Promise<ClientResponse> {
    if (this.closed) throw new AIO_ERR_CLIENT_CLOSED()
    checkRequestOptions(options)
    if (typeof method !== 'string' || !token.test(method)) throw new AIO_ERR_CLIENT_METHOD(describe(method))
    return new Call(this, this.#settings, method.toUpperCase(), url, options, upgrade).run()
  }
}

/** What came of asking for another protocol. */
export interface Upgraded {
  readonly response: ClientResponse
  readonly socket: Duplex | undefined
  /** What the server sent behind its answer. */
  readonly head: Buffer
}

/**
 * A session for one request (aiohttp.request()): it closes with the response. Many requests want one session.
 *
 * @throws what `ClientSession.request()` throws
 */
export async function request (
  method: string, url: UrlInit, options: RequestOptions & Pick<SessionOptions, 'connector'> = {}
): Promise<ClientResponse> {
  const { connector, ...rest } = options
  const session = new ClientSession({
    connector: connector ?? new TcpConnector({ forceClose: true }), connectorOwner: connector === undefined
  })
  try {
    const response = await session.request(method, url, rest)
    response.onEnd(() => { session.close().catch(() => {}) })
    return response
  } catch (error) {
    await session.close()
    throw error
  }
}
