/**
 * One of each kind of HTTP exception, by the name of its class.
 *
 * @module
 */

import * as classes from '../../plugins/exceptions/index.ts'

/** Those that are groups, not kinds. */
const groups = new Set<unknown>([
  classes.HTTPException, classes.HTTPSuccessful, classes.HTTPRedirection, classes.HTTPMove, classes.HTTPError,
  classes.HTTPClientError, classes.HTTPServerError
])

/** Those that have to be told more than nothing. */
const special: Readonly<Record<string, () => classes.HTTPException>> = {
  HTTPMethodNotAllowed: () => new classes.HTTPMethodNotAllowed('GET', ['POST', 'PUT']),
  HTTPRequestEntityTooLarge: () => new classes.HTTPRequestEntityTooLarge(1_048_576, 2_000_000),
  HTTPUnavailableForLegalReasons: () => new classes.HTTPUnavailableForLegalReasons('https://example.com/why')
}

/** A kind of exception, and a way to make one. */
export interface Kind {
  readonly name: string
  readonly status: number
  create (): classes.HTTPException
}

/** All kinds, by status. */
export const kinds: readonly Kind[] = Object.entries(classes).flatMap(([name, value]) => {
  const Class: unknown = value
  if (!isKind(Class)) return []
  const create = special[name] ?? (() => new Class(...(isMove(Class) ? ['/'] : [])))
  return [{ name, status: Class.statusCode, create }]
}).sort((a, b) => a.status - b.status)

type KindClass = (new (...args: unknown[]) => classes.HTTPException) & { readonly statusCode: number }

function isKind (value: unknown): value is KindClass {
  return typeof value === 'function' && !groups.has(value) && value.prototype instanceof classes.HTTPException
}

function isMove (Class: KindClass): boolean {
  return Class.prototype instanceof classes.HTTPMove
}
