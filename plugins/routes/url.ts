/**
 * URLs of named routes (aiohttp: url_for, with_query).
 *
 * @module
 */

import { AIO_ERR_OPTION_INVALID, AIO_ERR_ROUTE_UNKNOWN } from '../../lib/errors.ts'
import { checkOptions, describe, object } from '../../lib/options.ts'
import { quoteQuery } from './encoding.ts'
import type { Table } from './table.ts'

/** Values for the variables of a path. */
export type UrlParams = Readonly<Record<string, string | number>>

/** One value of a query. */
type QueryValue = string | number | boolean

/** Options of `app.urlFor()`. */
export interface UrlOptions {
  /**
   * What is behind the question mark: an object (a list gives a name several times), a `URLSearchParams`, or
   * pairs in their order.
   *
   * @default none
   */
  query?: Readonly<Record<string, QueryValue | readonly QueryValue[]>> | Iterable<readonly [string, QueryValue]>
}

/** The URL of a named route of a table. @throws AIO_ERR_ROUTE_UNKNOWN, AIO_ERR_ROUTE_PARAMS */
export function urlFor<Data> (
  table: Table<Data>, name: string, params: UrlParams, options: UrlOptions | undefined
): string {
  if (options !== undefined) checkOptions('app.urlFor()', options, { query: object })
  const resource = table.named(name)
  if (resource === undefined) {
    throw new AIO_ERR_ROUTE_UNKNOWN(describe(name), table.names.map(name => `"${name}"`).join(', ') || 'none')
  }
  const path = resource.pattern.format(params)
  if (options?.query === undefined) return path
  const query = pairsOf(options.query).map(([key, value]) => `${quoteQuery(key)}=${quoteQuery(toText(key, value))}`)
  return query.length === 0 ? path : `${path}?${query.join('&')}`
}

function pairsOf (query: NonNullable<UrlOptions['query']>): (readonly [string, unknown])[] {
  if (isIterable(query)) return [...query]
  return Object.entries(query).flatMap(([key, value]) => [value].flat().map(item => [key, item] as const))
}

function isIterable (query: object): query is Iterable<readonly [string, QueryValue]> {
  return Symbol.iterator in query
}

function toText (key: string, value: unknown): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value)
  throw new AIO_ERR_OPTION_INVALID(`query.${key}`, 'app.urlFor()', 'a string, a number or a boolean', describe(value))
}
