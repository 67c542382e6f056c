/**
 * 1 exceptions: /exc/...
 *
 * Every HTTP exception is also a response: default body "STATUS: REASON" as text/plain, except for the classes
 * whose body is empty (204, 205, 304).
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import * as web from '../../../app.ts'
import { headersFromQuery, int, pick, setCookiesFromQuery } from './helpers.ts'

type Constructor = new (...args: unknown[]) => web.HTTPException

/**
 * Makes the exception named in the path, with arguments from the query.
 *
 * text, reason, content_type, body (sent as its UTF-8 bytes), header (repeatable) for every class; and by class:
 *
 *   redirects (300 301 302 303 305 307 308)  location, default "/target"
 *   HTTPMethodNotAllowed                     allow (repeatable), default GET and POST
 *   HTTPRequestEntityTooLarge                max_size, default 100
 *   HTTPUnavailableForLegalReasons           link, default https://example.com/legal; an empty link is "no link"
 */
function buildException (request: FastifyRequest): web.HTTPException {
  const { name = '' } = request.matchInfo
  const query = request.queryMulti
  const Class = Object.entries(web).find(([key]) => key === name && key.startsWith('HTTP'))?.[1]
  if (typeof Class !== 'function') throw new web.HTTPNotFound({ text: `no such class: ${name}` })

  const { content_type: contentType, ...options } = pick(query, 'text', 'reason', 'content_type')
  const body = query.has('body') ? Buffer.from(query.get('body') ?? '') : undefined
  const headers = query.has('header') ? headersFromQuery(query) : undefined

  const args: unknown[] = []
  if (Class.prototype instanceof web.HTTPMove) args.push(query.get('location') ?? '/target')
  else if (Class === web.HTTPMethodNotAllowed) {
    args.push(request.method, query.has('allow') ? query.getAll('allow') : ['GET', 'POST'])
  } else if (Class === web.HTTPRequestEntityTooLarge) args.push(int(query.get('max_size') ?? '100'), undefined)
  else if (Class === web.HTTPUnavailableForLegalReasons) {
    args.push((query.get('link') ?? 'https://example.com/legal') || null)
  }

  const exception = new (Class as unknown as Constructor)(...args, { ...options, contentType, body, headers })
  setCookiesFromQuery(exception, query)
  return exception
}

async function excRaise (request: FastifyRequest) {
  throw buildException(request)
}

async function excReturn (request: FastifyRequest) {
  return buildException(request)
}

/** What the server makes of errors that are not HTTP exceptions. */
async function excUnhandled (request: FastifyRequest) {
  switch (request.matchInfo.kind) {
    case 'runtime': throw new Error('secret detail that must not reach the client')
    case 'type': throw new TypeError('secret detail')
    // the language's time-out error
    case 'timeout': throw new DOMException('The operation timed out', 'TimeoutError')
    // the handler forgets to return a response
    case 'nothing': return undefined
    // an HTTP exception raised while handling another error
    case 'chained': throw new web.HTTPBadRequest({ text: 'chained', cause: new RangeError('inner') })
    default: throw new web.HTTPNotFound()
  }
}

/** A user-defined exception class for a status the library has no class for. */
export class Teapot extends web.HTTPClientError {
  static override readonly statusCode = 418
}

/** A user-defined subclass that sets headers of its own. */
class QuotaExceeded extends web.HTTPTooManyRequests {
  constructor (seconds: number) {
    super({ text: `Try again in ${seconds} seconds`, headers: { 'Retry-After': seconds } })
  }
}

/** A user-defined subclass with an empty body. */
class SilentConflict extends web.HTTPConflict {
  static override readonly emptyBody = true
}

async function excCustom (request: FastifyRequest) {
  switch (request.matchInfo.kind) {
    case 'teapot': throw new Teapot()
    case 'quota': throw new QuotaExceeded(int(request.queryMulti.get('seconds') ?? '30'))
    case 'silent': throw new SilentConflict()
    default: throw new web.HTTPNotFound()
  }
}

export function addExceptions (app: FastifyInstance): void {
  // '*' is "any method"
  app.addRoute('*', '/exc/raise/{name}', excRaise)
  app.addRoute('*', '/exc/return/{name}', excReturn)
  app.addRoute('*', '/exc/unhandled/{kind}', excUnhandled)
  app.addRoute('*', '/exc/custom/{kind}', excCustom)
}
