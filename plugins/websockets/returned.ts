/**
 * A websocket that a handler returns without having prepared it, as a body that Fastify can send.
 *
 * Fastify tells such a body only which response it is sent with: that is where the handshake is answered.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { HTTPException } from '../exceptions/index.ts'

/** Answers the handshake of the response it is piped to; it has no bytes of its own. */
export class ReturnedWebSocket extends Readable {
  readonly #prepare: (raw: IncomingMessage) => void

  /** @param prepare throws what is answered instead */
  constructor (prepare: (raw: IncomingMessage) => void) {
    super()
    this.#prepare = prepare
  }

  override _read (): void {
    this.push(null)
  }

  override pipe<Destination extends NodeJS.WritableStream> (destination: Destination): Destination {
    const response = destination as unknown as ServerResponse
    try {
      this.#prepare(response.req)
      this.resume()
      response.end()
    } catch (error) {
      if (!(error instanceof HTTPException)) {
        this.destroy(error instanceof Error ? error : new Error(String(error)))
        return destination
      }
      response.statusCode = error.statusCode
      response.setHeader('content-type', 'text/plain; charset=utf-8')
      this.resume()
      response.end(error.text)
    }
    return destination
  }
}
