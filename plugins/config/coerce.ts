/**
 * Text that becomes what the schema wants: variables, flags and INI files know nothing but text.
 *
 * What does not fit stays text, and is then refused with the words of the schema.
 *
 * @module
 */

import { childOf, variantsOf, type SchemaNode } from './schema.ts'

const words: Readonly<Record<string, boolean>> =
  { true: true, yes: true, on: true, 1: true, false: false, no: false, off: false, 0: false }

/** The value that a text stands for. */
export function coerce (node: SchemaNode | undefined, text: string): unknown {
  const found = node === undefined ? undefined : attempt(node, text)
  return found === undefined ? text : found.value
}

/** The values of an INI file; its parser makes `true` and `null` of those words, whatever is wanted. */
export function coerceTree (node: SchemaNode | undefined, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item, index) => coerceTree(childOf(node, String(index)), item))
  if (typeof value !== 'object' || value === null) return coerce(node, String(value))
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, coerceTree(childOf(node, key), child)]))
}

function attempt (node: SchemaNode, text: string): { value: unknown } | undefined {
  const choice = 'const' in node ? [node.const] : node.enum
  if (choice !== undefined) return found(choice.find(value => String(value) === text))
  // In a union everything is better than text, which always fits.
  const variants = variantsOf(node).toSorted((one, other) => Number(isText(one)) - Number(isText(other)))
  for (const variant of variants) {
    const result = attempt(variant, text)
    if (result !== undefined) return result
  }
  const types = typeof node.type === 'string' ? [node.type] : node.type ?? []
  for (const type of types.toSorted((one, other) => Number(one === 'string') - Number(other === 'string'))) {
    const result = byType(type, node, text)
    if (result !== undefined) return result
  }
  return undefined
}

function byType (type: string, node: SchemaNode, text: string): { value: unknown } | undefined {
  switch (type) {
    case 'string': return { value: text }
    case 'boolean': return found(words[text.toLowerCase()])
    case 'integer':
    case 'number': return numeric.test(text) ? { value: Number(text) } : undefined
    case 'null': return text === 'null' ? { value: null } : undefined
    case 'array': return text.startsWith('[') ? json(text) : { value: list(node, text) }
    case 'object': return text.startsWith('{') ? json(text) : undefined
    default: return undefined
  }
}

const numeric = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

function list (node: SchemaNode, text: string): unknown[] {
  if (text.trim() === '') return []
  return text.split(',').map((item, index) => coerce(childOf(node, String(index)), item.trim()))
}

function json (text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function isText ({ type }: SchemaNode): boolean {
  return type === 'string'
}

function found (value: unknown): { value: unknown } | undefined {
  return value === undefined ? undefined : { value }
}
