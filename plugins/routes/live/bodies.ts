/**
 * Bodies of live routes: parsers of plugged plugins, and limits of single routes.
 *
 * @module
 */

import { Transform, type Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { HTTPRequestEntityTooLarge } from '../../exceptions/index.ts'

/** Hands over the parsed body. */
export type ParserDone = (error: Error | null, body?: unknown) => void

/** A parser for bodies of some types. */
export interface BodyParser {
  /** In lower case; `*` is any type that no other parser takes. */
  readonly type: string | RegExp
  readonly parseAs: 'string' | 'buffer' | undefined
  /** In bytes. */
  readonly bodyLimit: number | undefined
  readonly parse: (request: FastifyRequest, payload: unknown, done: ParserDone) => unknown
}

/** The parser for a type, the one added last first. */
export function findParser (parsers: readonly BodyParser[], header: string | undefined): BodyParser | undefined {
  const full = (header ?? '').trim().toLowerCase()
  const [type = ''] = full.split(';', 1)
  const takes = ({ type: own }: BodyParser) =>
    own instanceof RegExp ? own.test(full) : own === type.trim() || (own.includes(';') && full.startsWith(own))
  return parsers.findLast(takes) ?? parsers.findLast(parser => parser.type === '*')
}

/** Reads and parses a body. */
export function parseBody (
  { parse, parseAs, bodyLimit }: BodyParser, request: FastifyRequest, payload: Readable, limit: number, done: ParserDone
): void {
  const settle = (result: unknown) => {
    if (result instanceof Promise) result.then(body => done(null, body), done)
  }
  if (parseAs === undefined) return settle(parse(request, payload, done))
  collect(limitBody(payload, request, bodyLimit ?? limit)).then(bytes => {
    settle(parse(request, parseAs === 'string' ? bytes.toString() : bytes, done))
  }).catch(done)
}

async function collect (payload: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of payload) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/**
 * The payload, which fails when it becomes longer than allowed. A length that was announced is believed: Node's
 * parser takes no more.
 *
 * @throws HTTPRequestEntityTooLarge
 */
export function limitBody (payload: Readable, request: FastifyRequest, limit: number): Readable {
  const length = Number(request.headers['content-length'] ?? Number.NaN)
  if (length > limit) throw new HTTPRequestEntityTooLarge(limit, length)
  if (!Number.isNaN(length)) return payload
  let size = 0
  const limited = new Transform({
    transform (chunk: Buffer, _encoding, callback) {
      size += chunk.length
      callback(size > limit ? new HTTPRequestEntityTooLarge(limit, size) : null, chunk)
    }
  })
  payload.once('error', error => { limited.destroy(error) })
  return payload.pipe(limited)
}
