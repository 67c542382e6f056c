/**
 * Requests that go through a dispatcher of undici instead of our own connections: HTTP/2, its mocks, its interceptors.
 *
 * The dispatcher's pool, timeouts to connect and TLS are its own. What only our connections can do is refused, never
 * left out.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer'
import { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { isCertificateError } from '../connector/tls.ts'
import { refuseWhatIsOurs } from './conflicts.ts'
import {
  ClientConnectionError, ClientConnectorCertificateError, ClientConnectorDNSError, ClientConnectorError, ClientError,
  ClientOSError, ClientPayloadError, ClientResponseError, ConnectionTimeoutError, ServerDisconnectedError,
  SocketTimeoutError
} from '../errors.ts'
import { IncomingBody } from '../http1/incoming-body.ts'
import { Patience } from '../http1/patience.ts'
import { framingOf } from '../request-head.ts'
import type { ClientRequest } from '../request.ts'
import { ClientResponse } from '../response/response.ts'
import { bodyLimitsOf } from '../session-settings.ts'

/** @throws AIO_ERR_CLIENT_CONFLICT for what a dispatcher cannot do; ClientError and its kind */
export async function dispatch (request: ClientRequest, dispatcher: Dispatcher): Promise<ClientResponse> {
  refuseWhatIsOurs(request)
  const exchange = new Dispatched(request)
  request.call.watch.during(error => { exchange.abort(error) })
  if (request.call.trace !== undefined) {
    const { method, headers, url } = request
    await request.call.trace.send('onRequestHeadersSent', { method, url: url.withoutHash().href, headers })
  }
  return await exchange.run(dispatcher)
}

/** Written by the dispatcher itself. */
const hopHeaders = new Set(['content-length', 'transfer-encoding', 'connection', 'host', 'expect'])

/** Short texts as strings: mocks compare them. */
function dispatchable (body: Buffer | AsyncIterable<Buffer> | null): string | Buffer | Readable | null {
  if (body === null) return null
  if (!Buffer.isBuffer(body)) return Readable.from(body, { objectMode: false })
  return body.length < 65_536 && isUtf8(body) ? body.toString() : body
}

class Dispatched implements Dispatcher.DispatchHandler {
  readonly #request: ClientRequest
  readonly #body: IncomingBody
  readonly #silence: Patience | undefined
  readonly #listeners: (() => void)[] = []
  #controller: Dispatcher.DispatchController | undefined
  #error: Error | undefined
  #over = false
  #started = false
  #resolve!: (response: ClientResponse) => void
  #reject!: (error: Error) => void

  constructor (request: ClientRequest) {
    this.#request = request
    const { limits } = request.call
    const { readBufferSize, maxBodySize } = bodyLimitsOf(request.call)
    if (limits.socketRead > 0) {
      this.#silence = new Patience(limits.socketRead, () => {
        this.abort(new SocketTimeoutError('Timeout on reading data from socket'))
      })
    }
    this.#body = new IncomingBody({
      pause: () => {
        this.#silence?.stop()
        this.#controller?.pause()
      },
      resume: () => {
        this.#silence?.touch()
        this.#controller?.resume()
      },
      stop: () => { this.abort(new ClientError('The response was closed')) }
    }, readBufferSize, maxBodySize)
  }

  get over (): boolean {
    return this.#over
  }

  onOver (listener: () => void): void {
    if (this.#over) listener()
    else this.#listeners.push(listener)
  }

  run (dispatcher: Dispatcher): Promise<ClientResponse> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const { url, method, headers, call } = this.#request
      const { body, length } = framingOf(this.#request, '1.1', call.options.chunked ?? false)
      const flat = [...headers].filter(([name]) => !hopHeaders.has(name.toLowerCase())).flat()
      const host = headers.get('host')
      if (host !== undefined) flat.push('host', host)
      if (length !== null && body !== null && !Buffer.isBuffer(body)) flat.push('content-length', String(length))
      this.#silence?.touch()
      dispatcher.dispatch({
        origin: `${url.secure ? 'https' : 'http'}://${url.host}`,
        path: url.target,
        method: method as Dispatcher.HttpMethod,
        headers: flat,
        body: dispatchable(body),
        headersTimeout: 0,
        bodyTimeout: 0
      }, this)
    })
  }

  abort (error: Error): void {
    if (this.#over) return
    this.#error ??= error
    if (this.#controller === undefined) this.#fail(error)
    else this.#controller.abort(error)
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#error !== undefined) controller.abort(this.#error)
  }

  onResponseStart (
    _controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders, reason = ''
  ): void {
    this.#silence?.touch()
    // Early hints and the like.
    if (status < 200) return
    this.#started = true
    const flat = Object.entries(headers).flatMap(([name, value = '']) =>
      Array.isArray(value) ? value.flatMap(item => [name, item]) : [name, value])
    this.#resolve(new ClientResponse({
      request: this.#request,
      answer: { head: { version: '1.1', status, reason, headers: flat }, body: this.#body, upgraded: undefined },
      connection: null,
      exchange: this
    }, this.#request.call.history))
  }

  onResponseData (_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#silence?.touch()
    this.#body.push(chunk, false)
  }

  onResponseEnd (): void {
    this.#end()
    this.#body.end()
  }

  onResponseError (_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(this.#error ?? error)
  }

  #fail (error: Error): void {
    if (this.#over) return
    const known = this.#error !== undefined
    this.#end()
    if (!this.#started) this.#reject(known ? error : this.#failureOf(error))
    else if (known) this.#body.fail(error, true)
    else this.#body.fail(new ClientPayloadError('Response payload is not completed', { cause: error }), false)
  }

  #end (): void {
    this.#over = true
    this.#silence?.stop()
    for (const listener of this.#listeners) listener()
  }

  /** undici's errors in the words of the client; they stay as the cause. */
  #failureOf (error: NodeJS.ErrnoException): Error {
    const details = { cause: error }
    const { code = '', message } = error
    if (error instanceof ClientError) return error
    const { url, call } = this.#request
    const place = { host: url.hostname, port: url.port, ssl: call.options.ssl ?? true }
    if (error.syscall === 'getaddrinfo') return new ClientConnectorDNSError(place, error)
    if (error.syscall === 'connect') return new ClientConnectorError(place, error)
    if (isCertificateError(error)) return new ClientConnectorCertificateError(place, error)
    if (code === 'UND_ERR_CONNECT_TIMEOUT') return new ConnectionTimeoutError(message, details)
    if (code === 'UND_ERR_SOCKET') return new ServerDisconnectedError(undefined, details)
    if (code.startsWith('HPE_')) {
      return new ClientResponseError({ requestInfo: this.#request.info, status: 400, message, cause: error })
    }
    return /^E[A-Z]+$/.test(code) ? new ClientOSError(message, details) : new ClientConnectionError(message, details)
  }
}
