/**
 * Parameters of a request as a query string, quoted as aiohttp's `yarl` does it.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'

/** One parameter; a list repeats its name, `undefined` leaves it out. */
export type ParamValue = string | number | bigint | readonly (string | number | bigint)[] | undefined

/** An object, pairs in their order, `URLSearchParams`, or a query string without its question mark. */
export type RequestParams = string | Readonly<Record<string, ParamValue>> | Iterable<readonly [string, ParamValue]>

/** @throws AIO_ERR_ARGUMENT_INVALID for null, booleans, NaN, Infinity and whatever is no text */
export function paramsToQuery (params: RequestParams): string {
  // A query string is quoted, but its `&`, `=`, `+` and `;` separate as they do in a URL. A `%` is a percent sign.
  if (typeof params === 'string') return quote(params, /[^!$&'()*+,\-./0-9:;=?@A-Z_a-z~]/gu)
  if (typeof params !== 'object' || params === null) throw invalid('the request', 'an object, pairs or text', params)
  const pairs = Symbol.iterator in params ? params : Object.entries(params)
  const parts: string[] = []
  for (const [name, value] of pairs) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined) parts.push(`${quotePart(name)}=${quotePart(textOf(name, item))}`)
    }
  }
  return parts.join('&')
}

function textOf (name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value)) return String(value)
  throw invalid(describe(name), 'a string, a finite number or a bigint', value)
}

function invalid (where: string, expected: string, value: unknown): Error {
  return new AIO_ERR_ARGUMENT_INVALID('params', where, expected, describe(value))
}

function quotePart (text: string): string {
  return quote(String(text), /[^!$'()*,\-./0-9:?@A-Z_a-z~]/gu)
}

/** Encodes what the expression finds; a blank becomes `+`, half a surrogate pair the replacement character. */
function quote (text: string, unsafe: RegExp): string {
  return text.replace(unsafe, character => {
    if (character === ' ') return '+'
    return /\p{Cs}/u.test(character) ? '%EF%BF%BD' : encodeURIComponent(character)
  })
}
