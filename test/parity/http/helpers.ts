/**
 * Helpers shared by several sections of the twin.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { AppKey, Headers, type HTTPException, type StreamResponse } from '../../../app.ts'

/** The body limit of the whole application (request.read/text/json/post). */
export const CLIENT_MAX_SIZE = 4096

export const APP_NAME = new AppKey<string>('name')
export const APP_COLOUR = new AppKey<string>('colour')
export const APP_EVENTS = new AppKey<string[]>('events')
export const ROOT_DIR = new AppKey<string>('root')

export type Query = FastifyRequest['queryMulti']

/** `header=Name:Value` (repeatable) -> headers. */
export function headersFromQuery (query: Query, key = 'header'): Headers {
  const headers = new Headers()
  for (const item of query.getAll(key)) headers.append(...partition(item, ':', text => text.trim()))
  return headers
}

/** `key=1` -> true, `key=0` -> false, absent -> undefined. */
export function flag (query: Query, key: string): boolean | undefined {
  return query.has(key) ? query.get(key) === '1' : undefined
}

/** `cookie=name=value` and `del_cookie=name`, both repeatable. */
export function setCookiesFromQuery (response: HTTPException | StreamResponse, query: Query): void {
  for (const item of query.getAll('cookie')) response.setCookie(...partition(item, '='))
  for (const name of query.getAll('del_cookie')) response.delCookie(name)
}

/** What is before and behind the first separator (Python: str.partition). */
export function partition (text: string, separator: string, each = (part: string) => part): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [each(text), each('')] : [each(text.slice(0, at)), each(text.slice(at + separator.length))]
}

/** The arguments of those names that are present in the query. */
export function pick<Name extends string> (query: Query, ...names: Name[]): Partial<Record<Name, string>> {
  const entries = names.filter(name => query.has(name)).map(name => [name, query.get(name)])
  return Object.fromEntries(entries) as Partial<Record<Name, string>>
}

/** An argument that has to be there; an ordinary error else (Python: query[name]). */
export function need (query: Query, name: string): string {
  const value = query.get(name)
  if (value === undefined) throw new TypeError(`No argument "${name}"`)
  return value
}

/** A whole number, or an ordinary error (Python: int). */
export function int (text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isInteger(number)) throw new TypeError(`Not a number: "${text}"`)
  return number
}
