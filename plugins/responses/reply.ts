/**
 * Which reply belongs to a request: Fastify does not tell, and `response.prepare(request)` has to know.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest, RouteHandlerMethod, RouteOptions } from 'fastify'

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

/** For plugins that have to know it on any route: makes the handler of a route note it, in an `onRoute` hook. */
export function rememberReplies (route: RouteOptions, remember: typeof rememberReply = rememberReply): void {
  // The handler of a websocket of @fastify/websocket gets a socket in place of a request.
  if (route.config?.liveDoor === true || ('websocket' in route && route.websocket === true)) return
  const { handler } = route
  const remembering: RouteHandlerMethod = function (request, reply) {
    remember(request, reply)
    return Reflect.apply(handler, this, [request, reply])
  }
  // Lists of routes tell its name.
  Object.defineProperty(remembering, 'name', { value: handler.name })
  route.handler = remembering
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
