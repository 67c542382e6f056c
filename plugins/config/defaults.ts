/**
 * The weakest source: the defaults of the schema, also of sections and of the items of lists.
 *
 * @module
 */

import { childOf, isSection, type SchemaNode } from './schema.ts'
import { isMapping, put } from './settings.ts'

/** Puts defaults where there is nothing. A section that has to be there, and is not, comes into being with them. */
export function fillDefaults (node: SchemaNode, value: unknown): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) fillDefaults(childOf(node, String(index)) ?? {}, item)
  }
  if (!isMapping(value)) return
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (Object.hasOwn(value, key)) continue
    if (child.default !== undefined) put(value, key, structuredClone(child.default))
    else if (isSection(child) && node.required?.includes(key)) put(value, key, {})
  }
  for (const [key, child] of Object.entries(value)) fillDefaults(variantlessChild(node, key), child)
}

/** Which member of a union a value is, is for the check to find out. */
function variantlessChild (node: SchemaNode, key: string): SchemaNode {
  return node.anyOf !== undefined || node.oneOf !== undefined ? {} : childOf(node, key) ?? {}
}
