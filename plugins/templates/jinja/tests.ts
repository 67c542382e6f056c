/**
 * What stands behind `is`, where nunjucks has it not or otherwise.
 *
 * @module
 */

import type { Runtime } from './runtime.ts'

type Test = (value: unknown, ...rest: unknown[]) => boolean

export function tests ({ compare, environment, equal, inOperator, isSafe, plain }: Runtime): Record<string, Test> {
  const isText = (value: unknown) => typeof plain(value) === 'string'
  const operators = ['==', '!=', '<', '<=', '>', '>='].map((name): [string, Test] =>
    [name, (value, other) => compare(value, name, other)])
  return {
    ...Object.fromEntries(operators),
    boolean: value => typeof value === 'boolean',
    defined: value => value !== undefined,
    eq: equal,
    equalto: equal,
    escaped: isSafe,
    false: value => value === false,
    filter: name => Object.hasOwn(environment.filters, String(name)),
    float: value => typeof value === 'number' && !Number.isInteger(value),
    in: inOperator,
    integer: value => Number.isInteger(value),
    iterable: value => isText(value) || (typeof value === 'object' && value !== null),
    lower: value => String(value) === String(value).toLowerCase(),
    mapping: value => typeof value === 'object' && value !== null && !isSafe(value) && !(Symbol.iterator in value && !(value instanceof Map)),
    ne: (value, other) => !equal(value, other),
    none: value => value === null,
    sequence: value => isText(value) || Array.isArray(value),
    string: isText,
    test: name => Object.hasOwn(environment.tests, String(name)),
    true: value => value === true,
    undefined: value => value === undefined,
    upper: value => String(value) === String(value).toUpperCase()
  }
}
