/**
 * Reads an entry of the log from a request and its reply, or from what a parser choked on.
 *
 * @module
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Entry } from './entry.ts'

/** How many bytes a connection had sent after its last response. */
const kSent: unique symbol = Symbol('fastify-aiohttp.sent')

declare module 'node:net' {
  interface Socket {
    [kSent]?: number
  }
}

const kReply: unique symbol = Symbol('fastify-aiohttp.logged reply')
const kStart: unique symbol = Symbol('fastify-aiohttp.logged start')

/** A response whose end is waited for. */
interface Watched {
  [kReply]?: FastifyReply
  [kStart]?: number
}

/**
 * Calls back at the end of each response it is given, once. Fastify's own hook does not run for a client that goes
 * before its answer has been sent.
 */
export function watcher (ended: (reply: FastifyReply) => void): (reply: FastifyReply) => void {
  // One function for all of them: nothing is made for a request.
  function close (this: ServerResponse & Watched): void {
    const reply = this[kReply]
    if (reply !== undefined) ended(reply)
  }
  return reply => {
    const raw: ServerResponse & Watched = reply.raw
    const { socket } = raw.req
    if (socket !== null && socket[kSent] === undefined) {
      // Once asked for its address, a socket knows it after its end, too.
      Reflect.get(socket, 'remoteAddress')
      socket[kSent] = 0
    }
    raw[kReply] = reply
    raw[kStart] = performance.now()
    raw.on('close', close)
  }
}

/** Milliseconds since the head of the request had come. */
export function timeOf ({ raw }: FastifyReply): number {
  return performance.now() - ((raw as Watched)[kStart] ?? NaN)
}

/** What clients are answered that send no HTTP; 400 for all others. */
const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408
}

/** nginx's status for a client that has gone before there was an answer. */
const gone = 499

/**
 * Bytes sent for a response, its head included: what the connection has sent more than after the last one. Where
 * connections do not count, or several responses share one (HTTP/2), it is the length of the body.
 */
export function bytesOf ({ raw }: FastifyReply): number | undefined {
  const socket = raw.req.socket as Socket | null
  const sent = raw.req.httpVersionMajor === 1 ? socket?.bytesWritten : undefined
  if (typeof sent !== 'number' || socket === null) {
    const length = raw.getHeader('content-length')
    return length === undefined ? undefined : Number(length)
  }
  const size = sent - (socket[kSent] ?? 0)
  socket[kSent] = sent
  return size
}

/** The entry of a request that was answered, or whose client has gone. */
export function entryOf (request: FastifyRequest, reply: FastifyReply, size: number | undefined): Entry {
  const { raw } = request
  const time = timeOf(reply)
  return {
    remote: request.ip,
    method: request.method,
    url: request.originalUrl,
    version: raw.httpVersion,
    status: reply.raw.headersSent || reply.raw.writableEnded ? reply.raw.statusCode : gone,
    size,
    start: Date.now() - time,
    time,
    requestHeaders: raw.headers,
    responseHeader: name => reply.raw.getHeader(name)
  }
}

/** The entry of something that was no request: aiohttp's words for it. */
export function protocolErrorEntry ({ code = '' }: NodeJS.ErrnoException, remote: string | undefined): Entry {
  return {
    remote,
    method: 'UNKNOWN',
    url: '/',
    version: '1.0',
    status: statuses[code] ?? 400,
    size: undefined,
    start: Date.now(),
    time: 0,
    requestHeaders: {},
    responseHeader: () => undefined
  }
}
