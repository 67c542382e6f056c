/**
 * `Expect: 100-continue` (RFC 9110, section 10.1.1): who says whether the client may send its body.
 *
 * Without a handler of one's own nothing happens here: Node answers 100 itself. With one, Node asks us, and the
 * answer waits for the handler of the route.
 *
 * @module
 */

import type { EventEmitter } from 'node:events'
import { STATUS_CODES, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Decides about a request with `Expect: 100-continue` before its body is sent. Nothing returned: the client gets its
 * 100 and the handler runs. A response returned, or an exception thrown, is the answer, and there is no 100.
 */
export type ExpectHandler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** The requests that wait for a 100. */
export class Expectations {
  readonly #waiting = new WeakMap<IncomingMessage, ServerResponse>()
  #listening = false

  /** Answers what is no 100-continue with 417, as aiohttp does. */
  refuseUnknown (server: EventEmitter, routing: RequestListener): void {
    server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      // Nothing is expected by an empty header.
      if (request.headers.expect === '') return routing(request, response)
      const text = `Unknown Expect: ${Buffer.from(request.headers.expect ?? '', 'latin1').toString('utf8')}`
      response.writeHead(417, STATUS_CODES[417], {
        'content-type': 'text/plain; charset=utf-8',
        'content-length': Buffer.byteLength(text)
      })
      response.end(request.method === 'HEAD' ? undefined : text)
    })
  }

  /** From now on routes are asked before a 100 is sent. */
  listen (server: EventEmitter, routing: RequestListener): void {
    if (this.#listening) return
    this.#listening = true
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#waiting.set(request, response)
      routing(request, response)
      // The handler of a route has taken it over by now, unless the route has none.
      if (this.#waiting.delete(request) && !response.headersSent) response.writeContinue()
    })
  }

  /** The hook of a route with a handler of its own. */
  hook (handler: ExpectHandler) {
    return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      if (request.headers.expect?.toLowerCase() !== '100-continue' || request.raw.httpVersion === '1.0') return undefined
      const response = this.#waiting.get(request.raw)
      this.#waiting.delete(request.raw)
      const answer = await handler(request, reply)
      if (reply.sent) return reply
      if (answer !== undefined && answer !== reply) return reply.send(answer)
      if (response !== undefined && !response.headersSent) response.writeContinue()
      return undefined
    }
  }
}
