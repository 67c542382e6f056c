/**
 * Which reply belongs to a request: Fastify does not tell, and `response.prepare(request)` has to know.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

const kReply: unique symbol = Symbol('fastify-aiohttp reply')
const kStarted: unique symbol = Symbol('fastify-aiohttp started response')

/** A response that is on its way and not at its end. */
export interface Started {
  /** Cuts the connection: what was sent must not look complete. */
  abort (): void
}

declare module 'node:http' {
  interface IncomingMessage {
    [kReply]?: FastifyReply
    [kStarted]?: Started
  }
}

/** For whoever calls handlers: notes the reply, the first of a request only. */
export function rememberReply ({ raw }: FastifyRequest, reply: FastifyReply): void {
  raw[kReply] ??= reply
}

/** The reply of a request whose handler was called by one of our plugins. */
export function replyOf ({ raw }: FastifyRequest): FastifyReply | undefined {
  return raw[kReply]
}

/** Notes what has begun, or that it has ended. */
export function noteStarted (raw: IncomingMessage, response: Started | undefined): void {
  if (response === undefined) delete raw[kStarted]
  else raw[kStarted] = response
}

/** For whoever calls handlers: a handler that fails after its response has begun leaves a connection to be cut. */
export function abortStarted ({ raw }: FastifyRequest): void {
  raw[kStarted]?.abort()
}
