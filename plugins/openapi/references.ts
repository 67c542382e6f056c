/**
 * References inside a description: `{ $ref: '#/components/parameters/limit' }`.
 *
 * @module
 */

import { isJson, type Json } from './source.ts'

/** A part of a description, and the path it stands at. */
export interface Located { readonly value: Json, readonly path: readonly string[] }

/** What a reference means, over however many others; `undefined` when it leads nowhere or in a circle. */
export function follow (document: Json, value: unknown, path: readonly string[]): Located | undefined {
  const seen = new Set<string>()
  let current: unknown = value
  let place = path
  while (isJson(current) && typeof current['$ref'] === 'string') {
    const { $ref } = current
    if (seen.has($ref)) return undefined
    seen.add($ref)
    const steps = stepsOf($ref)
    if (steps === undefined) return undefined
    current = at(document, steps)
    place = steps
  }
  return isJson(current) ? { value: current, path: place } : undefined
}

/** The value at a path. */
export function at (document: Json, path: readonly string[]): unknown {
  let current: unknown = document
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined
    current = Reflect.get(current, step)
  }
  return current
}

/** The path of a reference into its own document; `undefined` for another document. */
export function stepsOf (reference: string): string[] | undefined {
  if (reference === '#') return []
  if (!reference.startsWith('#/')) return undefined
  return reference.slice(2).split('/').map(step => decode(step).replaceAll('~1', '/').replaceAll('~0', '~'))
}

function decode (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
