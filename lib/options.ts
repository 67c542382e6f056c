/**
 * Checks of options: unknown keys and wrong types are errors that name what was expected.
 *
 * A shape is written down once beside the options' interface; a misspelt option is never ignored.
 *
 * @module
 */

import { inspect } from 'node:util'
import { AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_UNKNOWN } from './errors.ts'

/** What one option must be, and how to say so. */
export interface Check {
  readonly expected: string
  test (value: unknown): boolean
}

/** The options a function takes: one check for each key. */
export type Shape<Options> = { readonly [Key in keyof Required<Options>]: Check }

/** A check from its description and its predicate. */
export function check (expected: string, test: (value: unknown) => boolean): Check {
  return { expected, test }
}

export const string = check('a string', value => typeof value === 'string')
export const nonEmptyString = check('a non-empty string', value => typeof value === 'string' && value !== '')
export const boolean = check('true or false', value => typeof value === 'boolean')
export const func = check('a function', value => typeof value === 'function')
export const object = check('an object', value => typeof value === 'object' && value !== null)
/** A time: zero or more milliseconds. */
export const milliseconds = check('a number of milliseconds, zero or more',
  value => typeof value === 'number' && value >= 0)
export const anything = check('anything', () => true)

/** A whole number between two bounds, both included. */
export function integer (min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return check(`a whole number ${range}`,
    value => Number.isInteger(value) && Number(value) >= min && Number(value) <= max)
}

/** One of the given values. */
export function oneOf (...values: readonly unknown[]): Check {
  return check(`one of ${values.map(value => inspect(value)).join(', ')}`, value => values.includes(value))
}

/** Whatever one of the given checks accepts. */
export function either (...checks: readonly Check[]): Check {
  return check(checks.map(({ expected }) => expected).join(' or '), value => checks.some(({ test }) => test(value)))
}

/** A list whose items all pass one check. */
export function listOf (item: Check): Check {
  return check(`a list, each item ${item.expected}`, value => Array.isArray(value) && value.every(item.test))
}

/**
 * Throws unless `options` has known keys with fitting values only; `undefined` counts as left out.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function checkOptions<Options extends object> (where: string, options: Options, shape: Shape<Options>): void {
  if (!object.test(options)) {
    throw new AIO_ERR_OPTION_INVALID('options', where, object.expected, describe(options))
  }
  const checks: Readonly<Record<string, Check>> = shape
  for (const [key, value] of Object.entries(options)) {
    const found = Object.hasOwn(checks, key) ? checks[key] : undefined
    if (found === undefined) throw new AIO_ERR_OPTION_UNKNOWN(key, where, Object.keys(checks).join(', ') || 'none')
    if (value !== undefined && !found.test(value)) {
      throw new AIO_ERR_OPTION_INVALID(key, where, found.expected, describe(value))
    }
  }
}

/** A value as a short text for an error message. */
export function describe (value: unknown): string {
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 80 })
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
