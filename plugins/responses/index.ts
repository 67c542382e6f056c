/**
 * Responses to return from handlers: `Response` and `jsonResponse()`.
 *
 * Fastify sends these objects by itself, in any app. The plugin adds what Fastify lacks: the HEAD
 * routes it makes for GET routes answer 500 to any `Response`. Only HEAD requests pay for that.
 *
 * @module
 */

import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { checkOptions } from '../../lib/options.ts'
import { reasonPhrase } from '../../lib/status.ts'
import { Response } from './response.ts'

export { acceptedEncodings, fileRange, preconditions, type FileEncoding, type FileRange } from './file-conditions.ts'
export { fileFacts, type FileFacts } from './file-facts.ts'
export { FileStream, type FileStreamOptions } from './file-stream.ts'
export { contentTypeOf } from './file-types.ts'
export { Response, jsonResponse, type JSONResponseOptions, type ResponseOptions } from './response.ts'
export type { Body, BodyInit, ContentOptions } from '../../lib/content.ts'
export type { CookieOptions } from '../../lib/cookies.ts'
export { Headers, type HeadersInit } from '../../lib/headers.ts'

/** The responses plugin has no options. */
export type ResponsesOptions = Record<never, never>

export default fp<ResponsesOptions>(async function responses (app, options) {
  checkOptions('the responses plugin', options, {})
  app.addHook('onRoute', unpackOnHead)
}, {
  name: 'responses',
  fastify: '5.x'
})

/** Puts our step before Fastify's own, which measures the body and drops it. */
function unpackOnHead (route: RouteOptions): void {
  if (![route.method].flat().includes('HEAD')) return
  route.onSend = [unpack, ...[route.onSend ?? []].flat()]
}

/** Takes a response apart: its head goes to the reply, its body on to be measured. */
async function unpack (_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (!(payload instanceof Response || payload instanceof globalThis.Response)) return undefined
  if (payload instanceof Response && reply.raw instanceof ServerResponse) {
    reply.raw.statusMessage = payload.reason
    // The body itself, not the stream that would bring the phrase.
    payload.reason = reasonPhrase(payload.status)
  }
  reply.code(payload.status)
  for (const [name, value] of payload.headers) reply.header(name, value)
  // No body has length 0, except where a length is forbidden; a stream has none to tell.
  return payload.body ?? ([204, 304].includes(payload.status) ? Readable.from([]) : '')
}
