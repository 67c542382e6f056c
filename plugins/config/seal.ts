/**
 * The finished configuration: frozen, and with secrets that do not get into logs.
 *
 * @module
 */

import { inspect } from 'node:util'
import { childOf, type SchemaNode } from './schema.ts'

const redacted = '[secret]'

/** Freezes values all the way down; those that hold secrets print and serialise without them. */
export function seal (node: SchemaNode | undefined, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const isHidden = (key: string) => childOf(node, key)?.secret === true
  for (const [key, child] of Object.entries(value)) seal(childOf(node, key), child)
  if (Object.keys(value).some(isHidden)) {
    const shown = () => show(value, isHidden)
    Object.defineProperty(value, 'toJSON', { value: shown })
    Object.defineProperty(value, inspect.custom, { value: shown })
  }
  return Object.freeze(value)
}

/** A copy to look at. */
function show (value: object, isHidden: (key: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((item, index) => isHidden(String(index)) ? redacted : item)
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, isHidden(key) ? redacted : child]))
}
