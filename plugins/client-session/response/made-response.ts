/**
 * A response that no server sent: for middlewares that know the answer, such as a cache or a fake in a test.
 *
 * @module
 */

import { STATUS_CODES } from 'node:http'
import { HeaderMap, type HeaderMapInit } from '../header-map.ts'
import type { ClientRequest } from '../request.ts'
import { ClientResponse } from './response.ts'
import type { BodySource } from '../types.ts'

/** What a made response says. */
export interface MadeResponse {
  /** @default 200 */
  status?: number
  /** @default the usual phrase of the status */
  reason?: string
  headers?: HeaderMapInit
  /** As it would come over the wire: compressed if Content-Encoding says so. @default none */
  body?: string | Uint8Array
}

/** What an exchange is once it is over. */
const nothingGoingOn = {
  over: true,
  abort () {},
  onOver (listener: () => void) { listener() }
}

/** Makes it; its cookies go into the session's jar as those of a server do. */
export function makeResponse (request: ClientRequest, made: MadeResponse): ClientResponse {
  const { status = 200, reason = STATUS_CODES[status] ?? '', body = '' } = made
  const headers = new HeaderMap(made.headers)
  const response = new ClientResponse({
    request,
    answer: {
      head: { version: '1.1', status, reason, headers: [...headers.entries()].flat() },
      body: new ReadyBody(Buffer.from(body as string)),
      upgraded: undefined
    },
    connection: null,
    exchange: nothingGoingOn
  }, request.call.history)
  const cookies = headers.getAll('set-cookie')
  if (cookies.length > 0) request.call.settings.cookieJar.updateCookiesFromHeaders(cookies, request.url)
  return response
}

/** A body that is there from the beginning. */
class ReadyBody implements BodySource {
  readonly chunkEnded = false
  #left: Buffer | null
  #given = 0

  constructor (bytes: Buffer) {
    this.#left = bytes.length === 0 ? null : bytes
  }

  get ended (): boolean {
    return this.#left === null
  }

  get rawBytes (): number {
    return this.#given
  }

  poll (): Buffer | null {
    const bytes = this.#left
    this.#left = null
    this.#given += bytes?.length ?? 0
    return bytes
  }

  async next (): Promise<Buffer | null> {
    return this.poll()
  }

  stop (): void {
    this.#left = null
  }
}
