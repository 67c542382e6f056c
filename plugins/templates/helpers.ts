/**
 * The names every template has: `app`, `url()` and `static()`.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import type { UrlOptions, UrlParams } from '../routes/index.ts'
import type { StaticResource } from '../static/index.ts'
import { AIO_ERR_TEMPLATE_STATIC } from './errors.ts'

/** What the helpers of an app work on. */
export interface HelperOptions {
  /** The static folder, or its name. */
  readonly folder: string | StaticResource
  /** The folders the app has, by name. */
  readonly folders: ReadonlyMap<string, StaticResource>
}

/** Makes the helpers of an app. */
export function helpersOf (app: FastifyInstance, { folder, folders }: HelperOptions): Record<string, unknown> {
  return {
    app,
    url: (name: string, ...values: unknown[]) => app.urlFor(name, ...urlArguments(values)),
    static: (file: unknown) => {
      const resource = typeof folder === 'string' ? folders.get(folder) : folder
      if (resource === undefined) {
        throw new AIO_ERR_TEMPLATE_STATIC(describe(file), `there is no app.addStatic() with the name "${String(folder)}"`)
      }
      return resource.urlFor(text(file))
    }
  }
}

/** `url('name', { id: 1 }, { page: 2 })`, and Jinja2's `url('name', id=1, query_={'page': 2})`. */
function urlArguments (values: readonly unknown[]): [params: UrlParams, options: UrlOptions] {
  const [first = {}, second] = values.map(mapping)
  const { query_: query, ...params } = first as UrlParams & { query_?: UrlOptions['query'] }
  const found = (second ?? query) as UrlOptions['query']
  const plain = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, unwrap(value)]))
  return [plain as UrlParams, found === undefined ? {} : { query: queryOf(found) }]
}

function queryOf (query: NonNullable<UrlOptions['query']>): NonNullable<UrlOptions['query']> {
  if (Symbol.iterator in query) return query
  return Object.fromEntries(Object.entries(query).map(([name, value]) =>
    [name, Array.isArray(value) ? value.map(unwrap) : unwrap(value)])) as NonNullable<UrlOptions['query']>
}

/** Keywords come as a last object, or as a map (minijinja). */
function mapping (value: unknown): object {
  if (typeof value !== 'object' || value === null) {
    throw new AIO_ERR_ARGUMENT_INVALID('argument', 'url() in a template', 'names with values, such as id=1', describe(value))
  }
  return value instanceof Map ? Object.fromEntries(value) : value
}

/** Strings that are marked as safe are objects. */
function unwrap (value: unknown): unknown {
  return value instanceof String ? value.toString() : value
}

function text (value: unknown): string {
  const plain = unwrap(value)
  if (typeof plain === 'string' && plain !== '') return plain
  throw new AIO_ERR_ARGUMENT_INVALID('file', 'static() in a template', 'a path below the folder', describe(value))
}
