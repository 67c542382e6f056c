/**
 * The schema of a configuration as a tree to walk: sections and settings, strict where it does not say otherwise.
 *
 * @module
 */

import type { TSchema } from 'typebox'
import { AIO_ERR_CONFIG_SCHEMA } from './errors.ts'

/** What is read of a JSON schema. */
export interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  /** Ours: the value is never printed. */
  readonly secret?: boolean
  /** Ours: one more variable that gives the value. */
  readonly env?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly required?: readonly string[]
  readonly items?: SchemaNode | readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly allOf?: readonly SchemaNode[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly [keyword: string]: unknown
}

/** Where a setting is: `['server', 'port']`. */
export type Path = readonly string[]

/** Flags of our own. */
const reserved = ['config', 'help']

/**
 * The tree of a schema.
 *
 * @throws AIO_ERR_CONFIG_SCHEMA unless it is an object's, without references
 */
export function treeOf (schema: TSchema): SchemaNode {
  if (typeof schema !== 'object' || schema === null) throw new AIO_ERR_CONFIG_SCHEMA('expected Type.Object({ … })')
  const root = strict(schema as SchemaNode)
  if (root.properties === undefined) throw new AIO_ERR_CONFIG_SCHEMA('expected Type.Object({ … })')
  const taken = reserved.find(key => Object.hasOwn(root.properties ?? {}, key))
  if (taken !== undefined) throw new AIO_ERR_CONFIG_SCHEMA(`the key "${taken}" is taken by the flag --${taken}`)
  return root
}

function strict (given: SchemaNode): SchemaNode {
  if (given.$ref !== undefined) throw new AIO_ERR_CONFIG_SCHEMA('references ($ref) are not supported')
  const node = given.allOf === undefined ? given : flatten(given, given.allOf)
  const { properties, patternProperties, additionalProperties, items, anyOf, oneOf } = node
  const closed = additionalProperties === undefined && (properties ?? patternProperties) !== undefined
  return {
    ...node,
    ...properties === undefined ? {} : { properties: mapValues(properties, strict) },
    ...patternProperties === undefined ? {} : { patternProperties: mapValues(patternProperties, strict) },
    ...closed ? { additionalProperties: false } : {},
    ...typeof additionalProperties === 'object' ? { additionalProperties: strict(additionalProperties) } : {},
    ...items === undefined ? {} : { items: isTuple(items) ? items.map(strict) : strict(items) },
    ...anyOf === undefined ? {} : { anyOf: anyOf.map(strict) },
    ...oneOf === undefined ? {} : { oneOf: oneOf.map(strict) }
  }
}

/** An intersection of objects as one object: each of them alone would refuse the keys of the others. */
function flatten ({ allOf: _, ...node }: SchemaNode, parts: readonly SchemaNode[]): SchemaNode {
  if (parts.some(part => part.properties === undefined)) {
    throw new AIO_ERR_CONFIG_SCHEMA('only objects can be combined (Type.Intersect, allOf)')
  }
  return {
    ...node,
    type: 'object',
    properties: Object.assign({}, node.properties, ...parts.map(({ properties }) => properties)),
    required: [node, ...parts].flatMap(({ required = [] }) => required)
  }
}

/** The node of a key in a section or record, or of an index in a list. */
export function childOf (node: SchemaNode | undefined, key: string): SchemaNode | undefined {
  if (node === undefined) return undefined
  const { properties = {}, patternProperties = {}, additionalProperties, items } = node
  if (Object.hasOwn(properties, key)) return properties[key]
  const pattern = Object.keys(patternProperties).find(pattern => new RegExp(pattern, 'u').test(key))
  if (pattern !== undefined) return patternProperties[pattern]
  if (typeof additionalProperties === 'object') return additionalProperties
  if (items !== undefined && /^\d+$/.test(key)) return isTuple(items) ? items[Number(key)] : items
  return variantsOf(node).map(variant => childOf(variant, key)).find(child => child !== undefined)
}

/** The members of a union; none for what is no union. */
export function variantsOf ({ anyOf, oneOf }: SchemaNode): readonly SchemaNode[] {
  return anyOf ?? oneOf ?? []
}

/** Whether its settings stand in keys of their own, and are filled with defaults when all of it is missing. */
export function isSection (node: SchemaNode): boolean {
  return node.properties !== undefined && node.default === undefined
}

/** Whether a setting, or something it is a part of, is secret. */
export function isSecret (root: SchemaNode, path: Path): boolean {
  let node: SchemaNode | undefined = root
  for (const key of path) {
    node = childOf(node, key)
    if (node?.secret === true) return true
  }
  return false
}

/** Every setting with its path. */
export function * settingsOf (node: SchemaNode, path: Path = []): Generator<{ path: Path, node: SchemaNode }> {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (child.properties === undefined) yield { path: [...path, key], node: child }
    else yield * settingsOf(child, [...path, key])
  }
}

function isTuple (items: SchemaNode | readonly SchemaNode[]): items is readonly SchemaNode[] {
  return Array.isArray(items)
}

function mapValues<T, U> (object: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
}
