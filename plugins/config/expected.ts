/**
 * A schema in words: what a setting has to be.
 *
 * @module
 */

import { variantsOf, type SchemaNode } from './schema.ts'

/** `a whole number from 0 to 65535`, `one of "a", "b"`, `a list, each item a string`. */
export function expectedOf (node: SchemaNode): string {
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum !== undefined) return oneOf(node.enum)
  const variants = variantsOf(node)
  if (variants.length > 0 && variants.every(variant => 'const' in variant)) return oneOf(variants.map(value => value.const))
  if (variants.length > 0) return [...new Set(variants.map(expectedOf))].join(' or ')
  const types = typeof node.type === 'string' ? [node.type] : node.type ?? []
  return types.map(type => ofType(type, node)).join(' or ') || 'anything'
}

function ofType (type: string, node: SchemaNode): string {
  switch (type) {
    case 'integer': return `a whole number${range(node)}`
    case 'number': return `a number${range(node)}`
    case 'boolean': return 'true or false'
    case 'string': return ofString(node)
    case 'array': return ofArray(node)
    case 'object': return ofObject(node)
    default: return type
  }
}

const formats: Readonly<Record<string, string>> = { uri: 'a URL', ipv4: 'an IPv4 address', ipv6: 'an IPv6 address' }

function ofString ({ format, pattern, minLength, maxLength }: SchemaNode): string {
  const kind = typeof format === 'string' ? formats[format] ?? `a string of the format ${format}` : 'a string'
  const length = bounds(minLength, maxLength)
  return [kind, length === '' ? '' : `${length} characters`, pattern === undefined ? '' : `that matches ${pattern}`]
    .filter(part => part !== '').join(' ')
}

function ofArray ({ items, minItems, maxItems, uniqueItems }: SchemaNode): string {
  const length = bounds(minItems, maxItems)
  const each = items === undefined || Array.isArray(items) ? '' : `, each item ${expectedOf(items as SchemaNode)}`
  return `a list${length === '' ? '' : ` ${length} items`}${uniqueItems === true ? ' without doubles' : ''}${each}`
}

function ofObject ({ properties }: SchemaNode): string {
  const keys = Object.keys(properties ?? {})
  return keys.length === 0 ? 'keys and values' : `a section with ${keys.join(', ')}`
}

function range ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: SchemaNode): string {
  const parts = minimum !== undefined && maximum !== undefined
    ? [`from ${minimum} to ${maximum}`]
    : [minimum === undefined ? '' : `of at least ${minimum}`, maximum === undefined ? '' : `of at most ${maximum}`]
  parts.push(
    exclusiveMinimum === undefined ? '' : `greater than ${exclusiveMinimum}`,
    exclusiveMaximum === undefined ? '' : `less than ${exclusiveMaximum}`,
    multipleOf === undefined ? '' : `divisible by ${multipleOf}`)
  return parts.filter(part => part !== '').map(part => ` ${part}`).join('')
}

function bounds (min: unknown, max: unknown): string {
  if (min === undefined && max === undefined) return ''
  if (min === undefined) return `of at most ${max}`
  return max === undefined ? `of at least ${min}` : `of ${min} to ${max}`
}

function oneOf (values: readonly unknown[]): string {
  return `one of ${values.map(value => JSON.stringify(value)).join(', ')}`
}
