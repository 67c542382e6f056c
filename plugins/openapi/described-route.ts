/**
 * A route of the app, as the document has it.
 *
 * @module
 */

import type { RouteInfo } from '../routes/index.ts'
import { isJson, type Json } from './source.ts'

/** What @fastify/swagger asks of a route. */
export interface DescribedRoute {
  readonly method: string
  readonly url: string
  readonly schema: Json
}

/** A variable of aiohttp's paths; its expression may have braces. */
const VARIABLE = /\{([_a-zA-Z]\w*)(?::((?:[^{}]|\{[^{}]*\})*))?\}/g

/** Whether a route is anything a client of an API would call. */
export function isDescribable ({ method, path, kind, schema, config }: RouteInfo): boolean {
  if (isJson(schema) && schema['hide'] === true) return false
  if (config !== undefined && 'liveDoor' in config) return false
  // Wildcards are folders and fallbacks; HEAD comes with GET, and OPTIONS with CORS.
  return !(kind === 'fastify' && path.includes('*')) && !['*', 'HEAD', 'OPTIONS', 'CONNECT'].includes(method)
}

/** Routes as they are described: the first of two that would be the same operation wins. */
export function describeRoutes (routes: readonly RouteInfo[]): DescribedRoute[] {
  const ids = new Set<unknown>(routes.map(({ schema }) => isJson(schema) ? schema['operationId'] : undefined))
  const seen = new Set<string>()
  return routes.flatMap(route => {
    const { method, name, domain } = route
    const url = urlOf(route)
    if (seen.has(`${method} ${url}`)) return []
    seen.add(`${method} ${url}`)
    // The methods of one path share its name, but an operation's must be its own.
    const operationId = name === undefined || !ids.has(name) ? name : `${name}-${method.toLowerCase()}`
    ids.add(operationId)
    const schema: Json = {
      ...operationId !== undefined && { operationId },
      ...domain !== undefined && { servers: [{ url: `//${domain}` }] },
      ...paramsOf(route),
      ...isJson(route.schema) && route.schema
    }
    return [{ method, url, schema }]
  })
}

/** With the colons of text doubled, as in Fastify's own paths. */
function urlOf ({ path, kind }: RouteInfo): string {
  return kind === 'fastify' ? path : path.replace(VARIABLE, '{$1}').replaceAll(':', '::')
}

/** What a path's expressions say of its variables. */
function paramsOf ({ path, kind }: RouteInfo): Json {
  const variables = kind === 'aiohttp' ? [...path.matchAll(VARIABLE)] : []
  if (!variables.some(([, , pattern]) => pattern !== undefined)) return {}
  const properties = Object.fromEntries(variables.map(([, name = '', pattern]) =>
    [name, { type: 'string', ...pattern !== undefined && { pattern: `^${pattern}$` } }]))
  return { params: { type: 'object', properties } }
}
