/**
 * The innermost handler of a request: gets a connection, sends, and waits for the head of the response.
 *
 * @module
 */

import type { ConnectTarget } from './connector/target.ts'
import { dispatch } from './undici/dispatched.ts'
import {
  ClientConnectionError, ClientError, ClientResponseError, InvalidUrlClientError, NonHttpUrlClientError
} from './errors.ts'
import { isBadMessage } from './http1/errors.ts'
import type { Exchange, ExchangeOptions } from './http1/exchange.ts'
import type { Connection } from './http1/connection.ts'
import { mayHaveProxy, proxyFor, type Proxy } from './proxies.ts'
import type { ClientRequest } from './request.ts'
import { framingOf, headOf } from './request-head.ts'
import { ClientResponse } from './response/response.ts'
import { isLostConnection } from './retry.ts'
import { bodyLimitsOf } from './session-settings.ts'
import { isAmbiguousAddress } from './url/url.ts'

/** @throws ClientError and its kind, TimeoutError, the signal's reason */
export async function send (request: ClientRequest): Promise<ClientResponse> {
  const { call, url } = request
  const { connector, http2, options } = call.settings
  if (!connector.protocols.has(url.protocol)) throw new NonHttpUrlClientError(url.href)
  if (isAmbiguousAddress(url.hostname)) {
    throw new InvalidUrlClientError(url.hostname, 'is not a canonical IPv4 address')
  }
  let { dispatcher } = options
  if (http2 !== undefined) dispatcher ??= await http2.agentFor(call.options.ssl ?? true)
  const response = dispatcher === undefined || call.upgrade
    ? await sendOverConnection(request)
    : await dispatch(request, dispatcher)
  const cookies = response.headers.getAll('set-cookie')
  if (cookies.length > 0) call.settings.cookieJar.updateCookiesFromHeaders(cookies, url)
  return response
}

async function sendOverConnection (request: ClientRequest): Promise<ClientResponse> {
  const { call } = request
  const { connector } = call.settings
  const proxy = mayHaveProxy(call) ? await call.watch.race(proxyFor(call, request.url)) : undefined
  const target: ConnectTarget = {
    url: request.url,
    ssl: call.options.ssl ?? true,
    serverHostname: call.options.serverHostname,
    proxy: proxy?.target
  }
  const options = exchangeOptions(request, proxy)
  const context = {
    watch: call.watch, trace: call.trace, connect: call.limits.connect, socketConnect: call.limits.socketConnect
  }
  let response: ClientResponse | undefined
  while (response === undefined) {
    const found = connector.acquire(target, context)
    response = await exchange(request, found instanceof Promise ? await found : found, options)
  }
  return response
}

/** `undefined` when the connection turned out to be closed before anything was sent. */
async function exchange (
  request: ClientRequest, connection: Connection, options: ExchangeOptions
): Promise<ClientResponse | undefined> {
  const { call } = request
  const { method, headers } = request
  let running: Exchange | undefined
  try {
    call.watch.during(error => {
      if (running === undefined) connection.close()
      else running.abort(error)
    })
    if (call.trace !== undefined) {
      await call.trace.send('onRequestHeadersSent', { method, url: request.url.withoutHash().href, headers })
    }
    const answer = await connection.exchange(options, exchange => { running = exchange })
    if (running === undefined) throw new ClientConnectionError('Connection closed')
    return new ClientResponse({ request, answer, connection, exchange: running }, call.history)
  } catch (error) {
    connection.close()
    if (running?.started === false && isLostConnection(error)) return undefined
    throw failureOf(error, request)
  }
}

function exchangeOptions (request: ClientRequest, proxy: Proxy | undefined): ExchangeOptions {
  const { call, method } = request
  const { limits, settings, options, trace } = call
  const version = settings.options.version ?? '1.1'
  const framing = framingOf(request, version, options.chunked ?? false)
  const expectContinue = options.expect100 ?? request.headers.get('expect')?.toLowerCase() === '100-continue'
  if (expectContinue && !request.headers.has('expect')) request.headers.set('Expect', '100-continue')
  // A proxy that opens no tunnel is told the whole URL.
  const forwards = proxy !== undefined && !request.url.secure && !proxy.target.tunnel
  if (forwards) request.headers.replace(proxy.headers)
  const target = forwards ? request.url.withoutHash().href : request.url.target
  return {
    head: headOf(request, target, version, settings.connector.forceClose, framing.line),
    method,
    body: framing.body,
    chunked: framing.chunked,
    length: framing.length,
    expectContinue,
    upgrade: call.upgrade,
    limits: call.headLimits,
    readUntilEof: options.readUntilEof ?? true,
    ...bodyLimitsOf(call),
    socketRead: limits.socketRead,
    idle: limits.idle,
    write: limits.write,
    onChunkSent: trace && (chunk => trace.send('onRequestChunkSent', { method, url: request.url.withoutHash().href, chunk }))
  }
}

/** What went wrong, in the words of the client. */
function failureOf (error: unknown, request: ClientRequest): unknown {
  if (isBadMessage(error)) {
    return new ClientResponseError({ requestInfo: request.info, status: 400, message: error.message, cause: error })
  }
  if (error instanceof ClientError) {
    error.method ??= request.method
    error.url ??= request.url.href
  }
  return error
}
