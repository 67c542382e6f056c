/**
 * aiohttp's ClientSession, and as a plugin one session for an app: `app.client`, and `request.client` for what is
 * done on behalf of a request. Opened when the app starts, closed when its last request has ended.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { checkOptions, either, check, milliseconds, nonEmptyString } from '../../lib/options.ts'
import { checkSessionOptions } from './option-checks.ts'
import type { SessionOptions } from './options.ts'
import { ClientSession } from './session.ts'
import type { TraceConfig } from './tracing.ts'

export { BasicAuth, encodeBasicAuth, type AuthEncoding } from './auth/basic-auth.ts'
export { TcpConnector, type TcpConnectorOptions } from './connector/tcp-connector.ts'
export { UnixConnector, type UnixConnectorOptions } from './connector/unix-connector.ts'
export {
  BaseConnector, type BaseConnector as Connector, type ConnectorOptions, type ConnectorStats
} from './connector/base-connector.ts'
export type { ResolvedAddress, Resolver } from './connector/resolver.ts'
export { Fingerprint, type SslOption, type TlsOptions } from './connector/tls.ts'
export {
  CookieJar, DummyCookieJar, type Cookie, type CookieJarOptions, type CookiesInit, type StoredCookie
} from './cookies/cookie-jar.ts'
export { digestAuth, type DigestAuthOptions } from './auth/digest-auth.ts'
export * from './errors.ts'
export { FormData, type FieldOptions, type FieldValue, type FormDataOptions, type FormFields } from './body/form-data.ts'
export { HeaderMap, type HeaderMapInit } from './header-map.ts'
export type { MadeResponse } from './response/made-response.ts'
export type { BasicAuthInit, RaiseForStatus, RequestOptions, SessionOptions, SharedOptions } from './options.ts'
export type { RequestData } from './body/payload.ts'
export { ClientRequest, type ClientHandler, type ClientMiddleware } from './request.ts'
export { RequestUrl } from './url/request-url.ts'
export { ClientResponse, type JsonOptions } from './response/response.ts'
export type { RetryOptions } from './retry.ts'
export { ClientSession, request } from './session.ts'
export type { ClientTimeout } from './timeouts.ts'
export type { TraceConfig, TraceContext, TraceEvents, TraceReceiver } from './tracing.ts'
export type { BodySource, CookieStore, Payload } from './types.ts'
export { EncodedUrl, type UrlInit } from './url/url.ts'
export type { ParamValue, RequestParams } from './url/url-params.ts'
export type { WsConnectOptions, WsTimeout } from './websocket/ws-options.ts'
export { ClientWebSocketResponse } from './websocket/ws-response.ts'
export { WebSocketError } from '../../lib/websocket/errors.ts'
export { Message, WSCloseCode, WSMsgType, type WSMessage } from '../../lib/websocket/message.ts'

/** Options of the plugin: those of the session, and two more. */
export interface ClientSessionOptions extends SessionOptions {
  /**
   * The header in which `request.client` sends the id of the request it belongs to; `false` for none.
   *
   * @default 'x-request-id'
   */
  requestIdHeader?: string | false
  /**
   * How long requests that nobody waits for any more may take when the app closes, in milliseconds.
   *
   * @default 5_000
   */
  closeTimeout?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The app's session. */
    readonly client: ClientSession
  }
  interface FastifyRequest {
    /** The app's session for this request: with its id, its log and its signal. Made when it is first asked for. */
    readonly client: ClientSession
  }
}

export default fp<ClientSessionOptions>(async function clientSession (app, options) {
  const { requestIdHeader = 'x-request-id', closeTimeout = 5_000, ...session } = options
  checkOptions('the client-session plugin', { requestIdHeader, closeTimeout }, {
    requestIdHeader: either(nonEmptyString, check('false', value => value === false)), closeTimeout: milliseconds
  })
  checkSessionOptions(session)
  const client = new ClientSession(session)
  const children = new WeakMap<FastifyRequest, ClientSession>()
  app.decorate('client', client)
  app.decorateRequest('client', {
    getter (this: FastifyRequest) {
      let child = children.get(this)
      if (child === undefined) {
        child = childFor(this, client, session, requestIdHeader)
        children.set(this, child)
      }
      return child
    }
  })
  app.cleanupContext(async function * clientSession () {
    yield
    await client.connector?.drained(closeTimeout)
    await client.close()
  })
}, {
  name: 'client-session',
  fastify: '5.x',
  dependencies: ['signals']
})

function childFor (
  request: FastifyRequest, client: ClientSession, { traceConfigs = [] }: SessionOptions, idHeader: string | false
): ClientSession {
  const { log } = request
  return client.child({
    ...idHeader !== false && { headers: { [idHeader]: request.id } },
    ...(log.level === 'debug' || log.level === 'trace') && { traceConfigs: [...traceConfigs, logger(log)] },
    signal: request.signal
  })
}

/** What the log of a request says about the requests made for it. */
function logger (log: FastifyBaseLogger): TraceConfig {
  return {
    onRequestEnd (_session, _context, { method, url, response }) {
      log.debug({ client: { method, url, status: response.status } }, 'Response received')
    },
    onRequestException (_session, _context, { method, url, exception }) {
      log.debug({ client: { method, url }, err: exception }, 'Request failed')
    }
  }
}
