/**
 * `request.clone()`: another view of the same request, with some parts replaced.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { Headers, type HeadersInit } from '../../lib/headers.ts'
import { check, checkOptions, integer, nonEmptyString, string, type Shape } from '../../lib/options.ts'

/** What a clone has of its own; everything else is that of the request it came from. */
export interface CloneOptions {
  /** The limit of its body, in bytes; 0 for none. */
  clientMaxSize?: number | undefined
  /** All of its headers, in place of those that were sent. */
  headers?: HeadersInit | undefined
  /** Its `authority`, and what Fastify calls its host. */
  host?: string | undefined
  method?: string | undefined
  /** Path and query, as they stand in a request line. */
  relUrl?: string | undefined
  /** The address of the client. */
  remote?: string | undefined
  /** `http` or `https`. */
  scheme?: string | undefined
}

const shape: Shape<CloneOptions> = {
  clientMaxSize: integer(0),
  headers: check('headers', value => typeof value === 'object' && value !== null),
  host: nonEmptyString,
  method: nonEmptyString,
  relUrl: string,
  remote: string,
  scheme: nonEmptyString
}

/** A request that inherits from the given one; Fastify's own getters are replaced where the options say so. */
export function cloneRequest (request: FastifyRequest, options: CloneOptions): FastifyRequest {
  checkOptions('request.clone()', options, shape)
  const { headers, host, method, relUrl, remote, scheme } = options
  const clone: FastifyRequest = Object.create(request)
  const replace = (name: string, value: unknown) => {
    if (value !== undefined) Object.defineProperty(clone, name, { value, enumerable: true, configurable: true })
  }
  replace('method', method)
  replace('url', relUrl)
  replace('originalUrl', relUrl)
  replace('ip', remote)
  replace('protocol', scheme)
  const own = headers === undefined ? undefined : plainHeaders(headers)
  replace('headers', own)
  replace('host', host ?? own?.host)
  return clone
}

function plainHeaders (init: HeadersInit): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of new Set([...new Headers(init).entries()].map(([key]) => key))) {
    headers[name] = new Headers(init).getAll(name).join(name === 'cookie' ? '; ' : ', ')
  }
  return headers
}
