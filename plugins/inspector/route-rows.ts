/**
 * The routes of an app in the words of the page: what stands around each handler, and what its schemas ask for.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import type {} from '../routes/index.ts'

/** One route as the page shows it. */
export interface RouteRow {
  readonly method: string
  readonly path: string
  readonly name: string | null
  readonly domain: string | null
  /** What the handler's function or class is called. */
  readonly handler: string
  /** What the functions around it are called, outermost first. */
  readonly middlewares: readonly string[]
  /** Each part that has a schema, with the names in it: `body { name, count? }`, `response 200 404`. */
  readonly schemas: readonly string[]
  /** Added while the app runs. */
  readonly live: boolean
}

/** Every route, without the HEAD routes that come with GET. */
export function routeRows (app: FastifyInstance): RouteRow[] {
  const routes = app.routes.list()
  const gets = new Set(routes.filter(({ method }) => method === 'GET').map(({ path, domain }) => `${domain} ${path}`))
  const own = routes.filter(({ method, path, domain }) => method !== 'HEAD' || !gets.has(`${domain} ${path}`))
  return own.map(({ method, path, name = null, domain = null, handler, middlewares, schema, live }) =>
    ({ method, path, name, domain, handler, middlewares, schemas: outlines(schema), live }))
}

const parts = ['params', 'querystring', 'query', 'headers', 'body'] as const

type Schema = Partial<Record<typeof parts[number] | 'response', unknown>>

function outlines (schema: unknown): string[] {
  const { response, ...request }: Schema = Object(schema)
  const asked = parts.filter(part => request[part] !== undefined).map(part => `${part}${outline(request[part])}`)
  return response === undefined ? asked : [...asked, ['response', ...Object.keys(Object(response))].join(' ')]
}

/** The names of an object's properties, with "?" for those that may be missing. */
function outline (schema: unknown): string {
  const { properties, required = [] }: { properties?: object, required?: readonly string[] } = Object(schema)
  if (properties === undefined) return ''
  const names = Object.keys(properties).map(name => required.includes(name) ? name : `${name}?`)
  return ` { ${names.join(', ')} }`
}
