/**
 * What sessions and requests can be told.
 *
 * @module
 */

import type { Dispatcher } from 'undici'
import type { BodyCoding } from './body/compress.ts'
import type { BaseConnector } from './connector/base-connector.ts'
import type { SslOption } from './connector/tls.ts'
import type { CookiesInit } from './cookies/cookie-jar.ts'
import type { HeaderMapInit } from './header-map.ts'
import type { RequestData } from './body/payload.ts'
import type { ClientMiddleware } from './request.ts'
import type { ClientResponse } from './response/response.ts'
import type { RetryOptions } from './retry.ts'
import type { ClientTimeout } from './timeouts.ts'
import type { TraceConfig } from './tracing.ts'
import type { CookieStore } from './types.ts'
import type { UrlInit } from './url/url.ts'
import type { RequestParams } from './url/url-params.ts'

/** A user and a password for basic authentication. */
export interface BasicAuthInit {
  login: string
  password?: string
  /** @default 'latin1' */
  encoding?: 'latin1' | 'utf-8'
}

/** Throws for a response that counts as a failure. */
export type RaiseForStatus = (response: ClientResponse) => void | Promise<void>

/** What a request can be told and a session has a default for. */
export interface SharedOptions {
  /** Sent with every request; a request's own replace those of the same name. */
  headers?: HeaderMapInit
  /** Which of Accept, Accept-Encoding, User-Agent and Content-Type are not sent by themselves. */
  skipAutoHeaders?: Iterable<string>
  /** Credentials; a request has them in its URL, too. */
  auth?: BasicAuthInit
  /** The proxy's URL. */
  proxy?: string | URL | null
  proxyAuth?: BasicAuthInit
  /**
   * Whether a status of 400 and above is an error; a function decides by itself.
   *
   * @default false
   */
  raiseForStatus?: boolean | RaiseForStatus
  /**
   * Whether gzip, deflate, br and zstd are undone.
   *
   * @default true
   */
  autoDecompress?: boolean
  /**
   * From how many unread bytes on the server has to wait.
   *
   * @default 262_144
   */
  readBufferSize?: number
  /**
   * The largest body of a response, in bytes: as it comes, and again when it is decompressed. What is larger fails
   * with a ClientPayloadError, at once where Content-Length says so.
   *
   * @default Infinity
   */
  maxBodySize?: number
  /**
   * The longest reason phrase of a response, in bytes.
   *
   * @default 8190
   */
  maxLineSize?: number
  /**
   * The longest name and the longest value of a header, in bytes.
   *
   * @default 8190
   */
  maxFieldSize?: number
  /**
   * How many headers a response may have.
   *
   * @default 128
   */
  maxHeaders?: number
  /**
   * Functions around each request; the first is the outermost. A request's replace the session's.
   *
   * @default []
   */
  middlewares?: readonly ClientMiddleware[]
  /** What is sent again, and when; `false` for nothing, not even what is safe to repeat after a lost connection. */
  retry?: RetryOptions | false
  /** Ends requests, up to the last byte of a response's body; a session's and a request's both count. */
  signal?: AbortSignal
}

/** Options of `new ClientSession()`. */
export interface SessionOptions extends SharedOptions {
  /** What relative URLs are relative to; its path ends with a slash. */
  baseUrl?: UrlInit
  /** @default a new TcpConnector */
  connector?: BaseConnector
  /**
   * Whether the connector is closed with the session.
   *
   * @default true
   */
  connectorOwner?: boolean
  /**
   * A dispatcher of undici that requests go through instead of the connector: a MockAgent, a pool with interceptors.
   * Websockets keep to the connector.
   */
  dispatcher?: Dispatcher
  /**
   * Whether HTTP/2 is spoken with servers that offer it. Requests then go through an agent of undici, which has its
   * own pool; `ssl` works, what else is the connector's does not.
   *
   * @default false
   */
  http2?: boolean
  /** Put into the cookie jar at the beginning, without a URL. */
  cookies?: CookiesInit
  /** @default a new CookieJar */
  cookieJar?: CookieStore
  /** @default JSON.stringify */
  jsonSerialize?: (value: unknown) => string | Uint8Array
  /** @default '1.1' */
  version?: '1.0' | '1.1'
  /** @default { total: 300_000, socketConnect: 30_000 } */
  timeout?: ClientTimeout
  /**
   * Whether proxies of the environment and credentials of a netrc file are used.
   *
   * @default false
   */
  trustEnv?: boolean
  /**
   * Whether Location is quoted again.
   *
   * @default true
   */
  requoteRedirectUrl?: boolean
  /** Receivers of events. */
  traceConfigs?: readonly TraceConfig[]
  /** The charset of a text whose response names none; @default utf-8 */
  fallbackCharsetResolver?: (response: ClientResponse, body: Buffer) => string
}

/** Options of a request. */
export interface RequestOptions extends SharedOptions {
  /** Added to the query. */
  params?: RequestParams
  /** The body. */
  data?: RequestData | null
  /** The body as JSON. */
  json?: unknown
  /** For this request only. */
  cookies?: CookiesInit
  /**
   * Whether redirects are followed; `session.head()` does not.
   *
   * @default true
   */
  allowRedirects?: boolean
  /**
   * The redirect that is one too many; 0 for none.
   *
   * @default 10
   */
  maxRedirects?: number
  /**
   * How the body is compressed; `true` means deflate.
   *
   * @default false
   */
  compress?: boolean | BodyCoding
  /**
   * Whether the body is sent in chunks although its length is known.
   *
   * @default false
   */
  chunked?: boolean
  /**
   * Whether the body waits for `100 Continue`.
   *
   * @default false
   */
  expect100?: boolean
  /**
   * Whether a body without a length goes on until the server closes.
   *
   * @default true
   */
  readUntilEof?: boolean
  /** Goes to the proxy only. */
  proxyHeaders?: HeaderMapInit
  /** Replaces the session's whole; a number is the total, `null` is no limit. */
  timeout?: ClientTimeout | number | null
  /**
   * How TLS is checked.
   *
   * @default true
   */
  ssl?: SslOption
  /** The name to ask for and to check, instead of the host's. */
  serverHostname?: string
  /** For the receivers of events. */
  traceRequestContext?: unknown
}
