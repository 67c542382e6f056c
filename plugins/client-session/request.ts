/**
 * A request as client middlewares see it, before it is sent.
 *
 * @module
 */

import type { Call } from './call.ts'
import type { RequestInfo } from './errors.ts'
import type { HeaderMap } from './header-map.ts'
import { makeResponse, type MadeResponse } from './response/made-response.ts'
import { payloadOf, type RequestData } from './body/payload.ts'
import type { RequestUrl } from './url/request-url.ts'
import type { ClientResponse } from './response/response.ts'
import type { ClientSession } from './session.ts'
import type { Payload } from './types.ts'

/** Passes a request on: to the next middleware, in the end to the server. */
export type ClientHandler = (request: ClientRequest) => Promise<ClientResponse>

/**
 * A function around requests. It may change the request, call the handler any number of times, or not at all; it
 * runs again for each redirect and each retry.
 */
export type ClientMiddleware = (request: ClientRequest, handler: ClientHandler) => Promise<ClientResponse>

/** One hop of a call. */
export class ClientRequest {
  readonly method: string
  /** Without credentials. */
  readonly url: RequestUrl
  readonly headers: HeaderMap
  /** What the call is made of; for the client itself. */
  readonly call: Call
  #body: Payload | null

  constructor (call: Call, method: string, url: RequestUrl, headers: HeaderMap, body: Payload | null) {
    this.call = call
    this.method = method
    this.url = url
    this.headers = headers
    this.#body = body
  }

  /** Sends requests of a middleware's own, such as for a token. */
  get session (): ClientSession {
    return this.call.session
  }

  /** What is sent, `null` for nothing. */
  get body (): Payload | null {
    return this.#body
  }

  /** What errors and responses remember. */
  get info (): RequestInfo {
    return { method: this.method, url: this.url.withoutHash().href, realUrl: this.url.href, headers: this.headers }
  }

  /** Answers without asking the server: for caches, and for fakes in tests. */
  respond (response: MadeResponse = {}): ClientResponse {
    return makeResponse(this, response)
  }

  /** Sends another body, of the same type as before. @throws AIO_ERR_ARGUMENT_INVALID for what cannot be sent */
  async updateBody (data: RequestData | null): Promise<void> {
    const before = this.#body
    this.#body = await payloadOf({ data })
    await before?.close()
  }
}
