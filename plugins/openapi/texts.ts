/**
 * Values from texts: what a query, a path, a header, a cookie or a form says, as its schema wants it.
 *
 * A text that is none of what the schema wants stays as it is, for the validator to complain of.
 *
 * @module
 */

import { follow } from './references.ts'
import { isJson, type Json } from './source.ts'

/** The types a schema lets a value have, as far as they are written down, and the schema that says more of it. */
interface Expected { readonly types: readonly string[], readonly schema: Json }

/** A text, or the texts of a list, or of an object, as a value. */
export function valueOf (text: unknown, schema: unknown, document: Json): unknown {
  const expected = expectedOf(schema, document)
  if (Array.isArray(text)) return text.map(item => valueOf(item, expected.schema['items'], document))
  if (isJson(text)) return fieldsOf(text, expected, document)
  return typeof text === 'string' ? convert(text, expected.types) : text
}

/** Whether a schema wants a list, or an object. */
export function wants (type: 'array' | 'object', schema: unknown, document: Json): boolean {
  return expectedOf(schema, document).types.includes(type)
}

/** The properties of an object's schema. */
export function propertiesOf (schema: unknown, document: Json): Json {
  const { properties } = expectedOf(schema, document).schema
  return isJson(properties) ? properties : {}
}

function fieldsOf (fields: Json, { schema }: Expected, document: Json): Json {
  const properties = isJson(schema['properties']) ? schema['properties'] : {}
  return Object.fromEntries(Object.entries(fields).map(([name, value]) =>
    [name, valueOf(value, Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties'], document)]))
}

function convert (text: string, types: readonly string[]): unknown {
  if (types.includes('integer') && /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  if (types.includes('number') && /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text)
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.includes('null') && text === '' && !types.includes('string')) return null
  return text
}

function expectedOf (schema: unknown, document: Json, depth = 0): Expected {
  const found = follow(document, schema, [])
  if (found === undefined || depth > 8) return { types: [], schema: {} }
  const { value } = found
  const own = [value['type'] ?? []].flat().map(String)
  const choices = ['allOf', 'oneOf', 'anyOf'].flatMap(key => Array.isArray(value[key]) ? value[key] : [])
    .map(choice => expectedOf(choice, document, depth + 1))
  const properties = Object.assign({}, ...choices.map(choice => choice.schema['properties']), value['properties'])
  const items = value['items'] ?? choices.find(choice => choice.schema['items'] !== undefined)?.schema['items']
  return {
    types: own.length > 0 ? own : choices.flatMap(choice => choice.types),
    schema: { ...value, properties, items }
  }
}
