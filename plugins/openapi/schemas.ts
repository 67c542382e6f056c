/**
 * Schemas of OpenAPI as JSON Schema 2020-12, checked as they are added and compiled when they are needed.
 *
 * What OpenAPI says in its own words is rewritten: `nullable` and exclusive bounds of 3.0, `discriminator`, properties
 * that only responses or only requests have, files of forms.
 *
 * @module
 */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { follow, stepsOf } from './references.ts'
import { isJson, type Json } from './source.ts'

/** Who sends the value. */
export type Direction = 'request' | 'response'

/** Whether a text has a format; a pattern, or a function. */
export type StringFormat = RegExp | ((text: string) => boolean)

/** Tells of something wrong at a path of the description. */
export type Complain = (path: readonly string[], problem: string) => void

/** A schema that has been added. */
export type Schema = Json | boolean

const ROOT = 'description'
/** Schemas inside of a schema: one, a list of them, or by name. */
const ONE = ['not', 'if', 'then', 'else', 'items', 'contains', 'additionalProperties', 'propertyNames',
  'unevaluatedProperties', 'unevaluatedItems']
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems']
const MAPS = ['properties', 'patternProperties', '$defs', 'dependentSchemas']

/** All schemas of a description, for values sent in one direction. */
export class Schemas {
  readonly document: Json
  readonly #ajv: Ajv2020
  readonly #hidden: 'readOnly' | 'writeOnly'
  readonly #isOld: boolean
  readonly #complain: Complain
  /** Names of what references mean. */
  readonly #names = new Map<string, string>()
  readonly #definitions: Record<string, Schema> = {}
  #sealed = false

  constructor (
    document: Json, direction: Direction, custom: Readonly<Record<string, StringFormat>>, complain: Complain
  ) {
    this.document = document
    this.#isOld = String(document['openapi']).startsWith('3.0')
    this.#hidden = direction === 'request' ? 'readOnly' : 'writeOnly'
    this.#complain = complain
    this.#ajv = new Ajv2020({ allErrors: true, strict: false, useDefaults: true, logger: false })
    formats.default(this.#ajv)
    for (const [name, format] of Object.entries(custom)) this.#ajv.addFormat(name, format)
    const error = { message: ({ schema }: { schema: unknown }) => `${String(schema)} property` }
    this.#ajv.addKeyword({ keyword: 'forbidden', schemaType: 'string', validate: () => false, error })
  }

  /** Checks a schema, and all it refers to. */
  add (schema: unknown, path: readonly string[]): Schema {
    const converted = this.#convert(schema, path)
    this.#check(converted, path)
    return converted
  }

  /** Compiles a schema; after the first time no schema can be added. */
  compile (schema: Schema): ValidateFunction {
    if (!this.#sealed) this.#ajv.addSchema({ $id: ROOT, $defs: this.#definitions }, undefined, undefined, false)
    this.#sealed = true
    return this.#ajv.compile(schema)
  }

  #check (schema: Schema, path: readonly string[]): void {
    if (this.#ajv.validateSchema(schema) === true) return
    // One place is wrong in several ways: the first, and deepest, says most.
    const [problem] = [...this.#ajv.errors ?? []].sort((a, b) => b.instancePath.length - a.instancePath.length)
    const steps = stepsOf(`#${problem?.instancePath ?? ''}`) ?? []
    this.#complain([...path, ...steps], String(problem?.message))
  }

  #convert (schema: unknown, path: readonly string[]): Schema {
    if (typeof schema === 'boolean') return schema
    if (!isJson(schema)) {
      this.#complain(path, 'must be a schema')
      return true
    }
    if (typeof schema['$ref'] === 'string') {
      const $ref = this.#refer(schema['$ref'], path)
      return this.#isOld ? { $ref } : { ...this.#convertParts(schema, path), $ref }
    }
    return this.#withDiscriminator(this.#convertWords(this.#convertParts(schema, path)), schema, path)
  }

  #refer (reference: string, path: readonly string[]): string {
    const known = this.#names.get(reference)
    if (known !== undefined) return known
    const found = follow(this.document, { $ref: reference }, path)
    if (found === undefined) {
      this.#complain(path, `cannot be resolved: "${reference}"`)
      return `${ROOT}#/$defs/none`
    }
    const key = `d${this.#names.size}`
    const name = `${ROOT}#/$defs/${key}`
    // Noted before it is converted: it may refer to itself.
    this.#names.set(reference, name)
    this.#definitions[key] = true
    this.#definitions[key] = this.add(found.value, found.path)
    return name
  }

  /** The same with the schemas inside of it converted. */
  #convertParts (schema: Json, path: readonly string[]): Json {
    const result: Json = { ...schema }
    delete result['discriminator']
    for (const key of ONE) if (isSchema(schema[key])) result[key] = this.#convert(schema[key], [...path, key])
    for (const key of LISTS) {
      const list = schema[key]
      if (!Array.isArray(list)) continue
      result[key] = list.map((item, index) => this.#convert(item, [...path, key, String(index)]))
    }
    for (const key of MAPS) {
      const map = schema[key]
      if (!isJson(map)) continue
      result[key] = Object.fromEntries(Object.entries(map)
        .map(([name, item]) => [name, this.#convert(item, [...path, key, name])]))
    }
    return this.#withoutHidden(result, schema)
  }

  /** What only the other side sends is refused here, and not missed. */
  #withoutHidden (result: Json, { properties, required }: Json): Json {
    if (!isJson(properties)) return result
    const hidden = Object.keys(properties).filter(name => {
      const found = follow(this.document, properties[name], [])
      return found?.value[this.#hidden] === true
    })
    if (hidden.length === 0) return result
    const forbidden = this.#hidden === 'readOnly' ? 'read-only' : 'write-only'
    const refused = Object.fromEntries(hidden.map(name => [name, { forbidden }]))
    result['properties'] = { ...Object(result['properties']), ...refused }
    if (Array.isArray(required)) result['required'] = required.filter(name => !hidden.includes(name))
    return result
  }

  #convertWords (schema: Json): Json {
    const result = { ...schema }
    if (schema['format'] === 'binary') delete result['type']
    if (!this.#isOld) return result
    for (const [bound, exclusive] of [['minimum', 'exclusiveMinimum'], ['maximum', 'exclusiveMaximum']] as const) {
      if (typeof schema[exclusive] !== 'boolean') continue
      delete result[exclusive]
      if (schema[exclusive] !== true) continue
      result[exclusive] = schema[bound]
      delete result[bound]
    }
    if (schema['nullable'] !== true) return result
    delete result['nullable']
    return { anyOf: [{ type: 'null' }, result] }
  }

  /** Only the schema that the property names is asked. */
  #withDiscriminator (result: Json, schema: Json, path: readonly string[]): Json {
    const { discriminator } = schema
    const choice = ['oneOf', 'anyOf'].find(key => Array.isArray(schema[key]))
    if (!isJson(discriminator) || choice === undefined) return result
    const { propertyName, mapping } = discriminator
    if (typeof propertyName !== 'string') {
      this.#complain([...path, 'discriminator'], 'must have a propertyName')
      return result
    }
    const references = [schema[choice]].flat().flatMap(item => isJson(item) ? [String(item['$ref'])] : [])
    const names = Object.entries(isJson(mapping) ? mapping : {}).map(([name, to]): [string, string] =>
      [name, /^[\w.-]+$/.test(String(to)) ? `#/components/schemas/${String(to)}` : String(to)])
    for (const reference of references) {
      if (!names.some(([, to]) => to === reference)) names.push([reference.replace(/^.*\//, ''), reference])
    }
    const { [choice]: _choice, ...rest } = result
    return {
      allOf: [
        rest,
        { type: 'object', required: [propertyName], properties: { [propertyName]: { enum: names.map(([name]) => name) } } },
        ...names.map(([name, reference]) => ({
          if: { required: [propertyName], properties: { [propertyName]: { const: name } } },
          then: { $ref: this.#refer(reference, path) }
        }))
      ]
    }
  }
}

function isSchema (value: unknown): boolean {
  return typeof value === 'boolean' || isJson(value)
}
