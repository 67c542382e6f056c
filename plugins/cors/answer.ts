/**
 * What is answered: the headers of a response, and preflights.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { HTTPForbidden } from '../exceptions/index.ts'
import type { Policies, Resource } from './policy.ts'

/** Headers of an answer: of a success as well as of an error. */
export function addHeaders (policies: Policies, request: FastifyRequest, reply: FastifyReply): void {
  addVary(reply, 'Origin')
  const { origin } = request.headers
  const policy = origin === undefined ? undefined : find(policies, origin)
  if (origin === undefined || policy === undefined) return
  reply.header('access-control-allow-origin', origin)
  if (policy.credentials) reply.header('access-control-allow-credentials', 'true')
  if (policy.expose !== undefined) reply.header('access-control-expose-headers', policy.expose)
}

/** Answers a preflight as aiohttp-cors does: with what was asked for, or 403 and the reason. */
export function answerPreflight (resource: Resource, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  addVary(reply, 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
  const { origin, 'access-control-request-method': method } = request.headers
  if (origin === undefined) throw refusal('origin header is not specified in the request')
  if (method === undefined) throw refusal("'Access-Control-Request-Method' header is not specified")
  const policies = resource.get(method)
  if (policies === undefined) throw refusal(`request method '${method}' is not allowed for '${origin}' origin`)
  if (policies.size === 0) throw refusal('no origins are allowed')
  const policy = find(policies, origin)
  if (policy === undefined) throw refusal(`origin '${origin}' is not allowed`)
  if (policy.methods?.has(method) === false) {
    throw refusal(`request method '${method}' is not allowed for '${origin}' origin`)
  }
  const headers = (request.headers['access-control-request-headers'] ?? '')
    .split(',').map(name => name.trim().toUpperCase()).filter(name => name !== '')
  const refused = headers.filter(name => policy.headers?.has(name) === false)
  if (refused.length > 0) throw refusal(`headers are not allowed: ${refused.join(', ')}`)

  reply.header('access-control-allow-origin', origin).header('access-control-allow-methods', method)
  if (policy.credentials) reply.header('access-control-allow-credentials', 'true')
  if (policy.maxAge !== undefined) reply.header('access-control-max-age', policy.maxAge)
  if (headers.length > 0) reply.header('access-control-allow-headers', headers.join(','))
  return reply.code(200).send()
}

const refusal = (reason: string) => new HTTPForbidden({ text: `CORS preflight request failed: ${reason}` })
const find = (policies: Policies, origin: string) => policies.get(origin) ?? policies.get('*')

function addVary (reply: FastifyReply, names: string): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? names : `${String(before)}, ${names}`)
}

/**
 * At the end, when all headers are known. Those of a `Response` take the place of the reply's: its Vary must not lose
 * the origin. And where `*` is to be exposed with credentials, browsers want the names (Fetch, section 3.3.3).
 */
export async function finishHeaders (_: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const headers = isResponse(payload) ? payload.headers : undefined
  const vary = headers?.get('vary') ?? null
  if (vary !== null) headers?.set('vary', `${vary}, ${String(reply.getHeader('vary') ?? 'Origin')}`)
  if (reply.getHeader('access-control-expose-headers') === '*' && reply.hasHeader('access-control-allow-credentials')) {
    const names = [...Object.keys(reply.getHeaders()), ...Array.from(headers ?? [], ([name]) => name)]
    reply.header('access-control-expose-headers', [...new Set(names)].filter(name => !isSafe(name)).join(','))
  }
  return payload
}

/** What scripts may read anyhow, what says so, and what no script may ever read. */
function isSafe (name: string): boolean {
  return /^(cache-control|content-(language|length|type)|expires|last-modified|pragma|vary|set-cookie2?)$/.test(name) ||
    name.startsWith('access-control-')
}

function isResponse (payload: unknown): payload is globalThis.Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}
