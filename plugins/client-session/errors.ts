/**
 * What the client rejects with: one class per failure, in aiohttp's tree.
 *
 * ```text
 * ClientError
 * ├── ClientConnectionError
 * │   ├── ClientConnectionResetError
 * │   ├── ClientOSError
 * │   │   └── ClientConnectorError
 * │   │       ├── ClientConnectorDNSError
 * │   │       ├── ClientProxyConnectionError
 * │   │       ├── ClientSSLError
 * │   │       │   ├── ClientConnectorCertificateError
 * │   │       │   └── ClientConnectorSSLError
 * │   │       └── UnixClientConnectorError
 * │   └── ServerConnectionError
 * │       ├── ServerDisconnectedError
 * │       ├── ServerFingerprintMismatch
 * │       └── ServerTimeoutError
 * │           ├── ConnectionTimeoutError
 * │           └── SocketTimeoutError
 * ├── ClientPayloadError
 * ├── ClientResponseError
 * │   ├── ClientHttpProxyError
 * │   ├── ContentTypeError
 * │   ├── TooManyRedirects
 * │   └── WSServerHandshakeError
 * ├── InvalidURL
 * │   └── InvalidUrlClientError
 * │       └── InvalidUrlRedirectClientError  (a RedirectClientError as well)
 * ├── NonHttpUrlClientError
 * │   └── NonHttpUrlRedirectClientError      (a RedirectClientError as well)
 * └── RedirectClientError
 * TimeoutError                               (timeout.total ran out; not a ClientError)
 * ```
 *
 * @module
 */

import type { ClientResponse } from './response/response.ts'
import type { HeaderMap } from './header-map.ts'

/** What every error of a request knows. */
export interface FailureDetails {
  method?: string | undefined
  url?: string | undefined
  cause?: unknown
}

/** The root of all failures of a request. */
export class ClientError extends Error {
  /** The request's method; `undefined` before there was a request. */
  method: string | undefined
  /** The request's URL. */
  url: string | undefined

  constructor (message = '', { method, url, cause }: FailureDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.method = method
    this.url = url
  }
}

/** The connection cannot be used: the body's upload failed, the connector is closed, the response was released. */
export class ClientConnectionError extends ClientError {}

/** Something was written to a connection that is closing. */
export class ClientConnectionResetError extends ClientConnectionError {}

/** The operating system reported an error on an open connection. */
export class ClientOSError extends ClientConnectionError {
  /** Node's name of the error, such as `ECONNRESET`. */
  readonly code: string | undefined
  /** The number of the error, negative as in Node. */
  readonly errno: number | undefined

  constructor (message: string, details: FailureDetails = {}) {
    super(message, details)
    const { code, errno } = (details.cause ?? {}) as NodeJS.ErrnoException
    this.code = code
    this.errno = errno
  }
}

/** Where a connection was to lead. */
export interface ConnectionTarget {
  readonly host: string
  readonly port: number
  /** `true` for the defaults, `false` without a check, otherwise what the request gave. */
  readonly ssl: unknown
}

/** A connection cannot be opened. */
export class ClientConnectorError extends ClientOSError {
  readonly host: string
  readonly port: number
  readonly ssl: unknown
  /** The error of the operating system, of the resolver or of TLS. */
  readonly osError: Error

  constructor (target: ConnectionTarget, osError: Error, message?: string) {
    super(message ??
      `Cannot connect to host ${target.host}:${target.port} ssl:${showSsl(target.ssl)} [${reasonOf(osError)}]`,
    { cause: osError })
    this.host = target.host
    this.port = target.port
    this.ssl = target.ssl
    this.osError = osError
  }
}

/** The host's name cannot be resolved. */
export class ClientConnectorDNSError extends ClientConnectorError {}

/** The proxy cannot be reached. */
export class ClientProxyConnectionError extends ClientConnectorError {}

/** The Unix socket cannot be opened. */
export class UnixClientConnectorError extends ClientConnectorError {
  readonly path: string

  constructor (path: string, target: ConnectionTarget, osError: Error) {
    super(target, osError, `Cannot connect to unix socket ${path} ssl:${showSsl(target.ssl)} [${reasonOf(osError)}]`)
    this.path = path
  }
}

/** The base of what goes wrong in TLS. */
export class ClientSSLError extends ClientConnectorError {}

/** The TLS handshake failed for another reason than the certificate. */
export class ClientConnectorSSLError extends ClientSSLError {}

/** The server's certificate was refused: self-signed, expired, for another name. Its `ssl` is always `true`. */
export class ClientConnectorCertificateError extends ClientSSLError {
  constructor (target: ConnectionTarget, error: Error) {
    super({ ...target, ssl: true }, error)
  }

  /** The same as `osError`. */
  get certificateError (): Error {
    return this.osError
  }
}

/** The base of what the server did to the connection. */
export class ServerConnectionError extends ClientConnectionError {}

/** The server closed the connection before a complete response head. */
export class ServerDisconnectedError extends ServerConnectionError {
  constructor (message = 'Server disconnected', details: FailureDetails = {}) {
    super(message, details)
  }
}

/** The base of the limits on a connection; itself for a websocket without pongs. */
export class ServerTimeoutError extends ServerConnectionError {}

/** `timeout.connect` or `timeout.socketConnect` ran out: queue, name, TCP, TLS. */
export class ConnectionTimeoutError extends ServerTimeoutError {}

/** `timeout.socketRead` ran out between two pieces of data, `timeout.idle` or `timeout.write` while sending. */
export class SocketTimeoutError extends ServerTimeoutError {}

/** The certificate is not the one whose fingerprint was given. */
export class ServerFingerprintMismatch extends ServerConnectionError {
  readonly expected: Buffer
  readonly got: Buffer
  readonly host: string
  readonly port: number

  constructor (expected: Buffer, got: Buffer, target: ConnectionTarget) {
    super(`Expected the fingerprint ${expected.toString('hex')} of ${target.host}:${target.port}, ` +
      `got ${got.toString('hex')}`)
    this.expected = expected
    this.got = got
    this.host = target.host
    this.port = target.port
  }
}

/** The body is incomplete, badly chunked or badly compressed; or it is needed again and cannot be read twice. */
export class ClientPayloadError extends ClientError {}

/** What was asked for, as an error or a response remembers it. */
export interface RequestInfo {
  readonly method: string
  /** Without its fragment. */
  readonly url: string
  /** With its fragment. */
  readonly realUrl: string
  readonly headers: HeaderMap
}

/** What a response that counts as an error was like. */
export interface ResponseFailure {
  requestInfo: RequestInfo
  history?: readonly ClientResponse[]
  status?: number
  message?: string
  headers?: HeaderMap | undefined
  cause?: unknown
}

/** A response that is an error: `raiseForStatus`, or a head that cannot be parsed. */
export class ClientResponseError extends ClientError {
  readonly requestInfo: RequestInfo
  readonly history: readonly ClientResponse[]
  readonly status: number
  /** The reason phrase, or what was wrong. */
  readonly reason: string
  readonly headers: HeaderMap | undefined

  constructor ({ requestInfo, history = [], status = 0, message = '', headers, cause }: ResponseFailure) {
    super(`${status}, message='${message}', url='${requestInfo.realUrl}'`,
      { method: requestInfo.method, url: requestInfo.url, cause })
    this.requestInfo = requestInfo
    this.history = history
    this.status = status
    this.reason = message
    this.headers = headers
  }
}

/** `json()` on a body that is no JSON by its Content-Type. */
export class ContentTypeError extends ClientResponseError {}

/** The answer to a websocket handshake is no acceptance. */
export class WSServerHandshakeError extends ClientResponseError {}

/** The proxy refused CONNECT. */
export class ClientHttpProxyError extends ClientResponseError {}

/** The number of redirects reached `maxRedirects`. */
export class TooManyRedirects extends ClientResponseError {}

/** A URL that cannot be used; itself only for a proxy's. */
export class InvalidURL extends ClientError {
  readonly description: string | undefined

  constructor (url: string, description?: string, details: FailureDetails = {}) {
    super(description === undefined ? url : `${url} - ${description}`, { ...details, url })
    this.description = description
  }
}

/** The request's URL is malformed or has no host. */
export class InvalidUrlClientError extends InvalidURL {}

/** The URL's scheme is none of http, https, ws and wss. */
export class NonHttpUrlClientError extends ClientError {
  constructor (url: string, details: FailureDetails = {}) {
    super(url, { ...details, url })
  }
}

/** The base: a redirect leads to a place that cannot be used. */
export class RedirectClientError extends ClientError {
  /** Two classes below are of two families. */
  static override [Symbol.hasInstance] (value: unknown): boolean {
    if (this !== RedirectClientError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return value instanceof InvalidUrlRedirectClientError || value instanceof NonHttpUrlRedirectClientError ||
      Function.prototype[Symbol.hasInstance].call(this, value)
  }
}

/** `Location` is malformed or has no host. */
export class InvalidUrlRedirectClientError extends InvalidUrlClientError {}

/** The scheme of `Location` is neither http nor https. */
export class NonHttpUrlRedirectClientError extends NonHttpUrlClientError {}

/** `timeout.total` ran out. */
export class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT'
  method: string | undefined
  url: string | undefined

  constructor (message: string, { method, url, cause }: FailureDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TimeoutError'
    this.method = method
    this.url = url
  }
}

/** `default` where nothing was said, as aiohttp puts it. */
function showSsl (ssl: unknown): string {
  if (ssl === true || ssl === undefined) return 'default'
  return ssl === false ? 'False' : ssl?.constructor?.name ?? 'custom'
}

function reasonOf (error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join(', ')
  return error.message
}
