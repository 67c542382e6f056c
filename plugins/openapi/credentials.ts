/**
 * Security schemes: whether a request brings what an operation asks for, and whether the app accepts it.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { HTTPUnauthorized } from '../exceptions/index.ts'
import type { Operation } from './description.ts'
import type { Json } from './source.ts'

/** Decides about what came for a scheme: the token, the key, or for basic the `user:password`, decoded. */
export type CredentialsCheck = (credentials: string, request: FastifyRequest) => unknown

/** What the schemes of a description are, and who decides. */
export interface Guards {
  readonly schemes: ReadonlyMap<string, Json>
  readonly checks: Readonly<Record<string, CredentialsCheck>>
}

/** Passes when one of the alternatives is fulfilled. @throws HTTPUnauthorized */
export async function checkCredentials (
  request: FastifyRequest, { security }: Operation, guards: Guards
): Promise<void> {
  if (security.length === 0) return
  for (const names of security) {
    if (await hasAll(request, names, guards)) return
  }
  const challenges = [...new Set(security.flat().map(name => challengeOf(guards.schemes.get(name) ?? {})))]
    .filter(challenge => challenge !== undefined)
  throw new HTTPUnauthorized({
    text: `401: ${JSON.stringify({ security: 'no valid credentials have been provided' })}`,
    headers: challenges.length === 0 ? {} : { 'www-authenticate': challenges.join(', ') }
  })
}

async function hasAll (request: FastifyRequest, names: readonly string[], guards: Guards): Promise<boolean> {
  for (const name of names) {
    const credentials = credentialsOf(request, guards.schemes.get(name) ?? {})
    if (credentials === undefined) return false
    const check = guards.checks[name]
    if (check !== undefined && await check(credentials, request) !== true) return false
  }
  return true
}

function credentialsOf (request: FastifyRequest, scheme: Json): string | undefined {
  const { type, in: place, name } = scheme
  if (type === 'apiKey') {
    const key = String(name)
    if (place === 'header') return filled([request.headers[key.toLowerCase()]].flat()[0])
    if (place === 'cookie') return filled(request.cookies[key])
    const { raw: { url = '' } } = request
    return filled(new URLSearchParams(url.split('?').slice(1).join('?')).get(key))
  }
  if (type === 'mutualTLS') return 'authorized' in request.raw.socket && request.raw.socket.authorized === true ? 'mutualTLS' : undefined
  const [, given = '', token = ''] = /^(\S+) +(.*)$/.exec(request.headers.authorization ?? '') ?? []
  if (given.toLowerCase() !== httpScheme(scheme)) return undefined
  return httpScheme(scheme) === 'basic' ? basicOf(token) : filled(token)
}

function httpScheme ({ type, scheme }: Json): string {
  // OAuth 2 and OpenID Connect send bearer tokens.
  return type === 'http' ? String(scheme).toLowerCase() : 'bearer'
}

function basicOf (token: string): string | undefined {
  const text = Buffer.from(token, 'base64').toString()
  return text.includes(':') ? text : undefined
}

function challengeOf (scheme: Json): string | undefined {
  if (scheme['type'] === 'apiKey' || scheme['type'] === 'mutualTLS') return undefined
  const name = httpScheme(scheme)
  return name === 'basic' ? 'Basic realm="api", charset="UTF-8"' : `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

function filled (text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text
}
