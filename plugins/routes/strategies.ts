/**
 * How Fastify's router asks the table: two constraints, in use only where there is a route that needs them.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'

/** The Host header of a request, or what HTTP/2 has in its place. */
export function hostOf ({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const authority = headers[':authority']
  return headers.host ?? (typeof authority === 'string' ? authority : undefined)
}

/**
 * A route of a domain serves that domain only, and a request of a domain finds nothing else: what the
 * constraint is derived as has to be there (`mustMatchWhenDerived`).
 */
export function domainStrategy (find: (host: string | undefined) => string | undefined) {
  return {
    name: 'domain',
    mustMatchWhenDerived: true,
    storage: () => new Map<string, unknown>(),
    deriveConstraint: (request: IncomingMessage) => find(hostOf(request))
  }
}

/**
 * A route with this constraint serves the requests the table gives it. The request itself is the derived
 * value, so that the table is asked only when the router has come to such a route.
 */
export function resourceStrategy (find: (request: IncomingMessage) => string | undefined) {
  return {
    name: 'resource',
    storage: () => {
      const stored = new Map<string, unknown>()
      return {
        get: (value: string | IncomingMessage) => {
          const id = typeof value === 'string' ? value : find(value)
          return id === undefined ? undefined : stored.get(id)
        },
        set: (id: string, value: unknown) => { stored.set(id, value) }
      }
    },
    deriveConstraint: (request: IncomingMessage) => request
  }
}
