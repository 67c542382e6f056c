/**
 * Responses to return from handlers: `Response`, `jsonResponse()`, `FileResponse`, and `StreamResponse` to write to.
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
import { FileResponse } from './file-response.ts'
import { Response } from './response.ts'
import { StreamResponse } from './stream-response.ts'

export { acceptedEncodings, fileRange, preconditions, type FileEncoding, type FileRange } from './file-conditions.ts'
export { fileFacts, type FileFacts } from './file-facts.ts'
export { FileStream, type FileStreamOptions } from './file-stream.ts'
export { contentTypeOf } from './file-types.ts'
export type { ContentCoding } from './compression.ts'
export { FileResponse, type FileResponseOptions } from './file-response.ts'
export { MultipartWriter, type MultipartWriterOptions } from './multipart-writer.ts'
export { abortStarted, rememberReplies, rememberReply, replyOf } from './reply.ts'
export { Response, jsonResponse, type JSONResponseOptions, type ResponseOptions } from './response.ts'
export { type ETagInit, type StreamResponseOptions } from './response-head.ts'
export { StreamResponse } from './stream-response.ts'
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
async function unpack (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  // A route may be there for several methods.
  if (request.method !== 'HEAD') return undefined
  if (payload instanceof globalThis.Response) return await unpackPlain(reply, payload)
  if (!(payload instanceof StreamResponse)) return undefined
  if (!(payload instanceof Response || payload instanceof FileResponse)) return unpackStream(reply, payload)
  const { body, headers, reason, status } = await payload.resolve(request.raw)
  if (reply.raw instanceof ServerResponse) reply.raw.statusMessage = reason
  reply.code(status)
  // Of nothing no length is told, as with aiohttp.
  const empty = payload instanceof Response && body === null
  if (empty && !payload.headers.has('content-length')) headers.delete('content-length')
  for (const [name, value] of headers) reply.header(name, value)
  if (body instanceof Readable) body.destroy()
  const measured = headers.has('content-length') || [204, 304].includes(status)
  // A stream is not measured.
  return measured || (typeof body !== 'string' && !Buffer.isBuffer(body)) ? Readable.from([]) : body
}

/** What is written to it is dropped; it is not waited for. */
function unpackStream (reply: FastifyReply, { headers, reason, status }: StreamResponse): Readable {
  if (reply.raw instanceof ServerResponse) reply.raw.statusMessage = reason
  reply.code(status)
  for (const [name, value] of headers) reply.header(name, value)
  return Readable.from([])
}

async function unpackPlain (reply: FastifyReply, response: globalThis.Response): Promise<unknown> {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  return response.body ?? ([204, 304].includes(response.status) ? Readable.from([]) : '')
}
