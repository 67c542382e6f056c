/**
 * The names of a setting: `server.shutdownTimeout` in files, `--server.shutdown-timeout` as a flag,
 * `APP_SERVER__SHUTDOWN_TIMEOUT` as a variable; and what a misspelt one was meant to be.
 *
 * @module
 */

import { childOf, type Path, type SchemaNode } from './schema.ts'

export function keyOf (path: Path): string {
  return path.join('.')
}

export function flagOf (path: Path): string {
  return `--${path.map(kebab).join('.')}`
}

export function variableOf (prefix: string, path: Path): string {
  return `${prefix}${path.map(snake).join('__')}`
}

export function kebab (key: string): string {
  return key.replace(/([a-z\d])([A-Z])/g, '$1-$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2').toLowerCase()
}

export function snake (key: string): string {
  return kebab(key).replace(/\W/g, '_').toUpperCase()
}

/** The path that was meant by the parts of a name; `undefined` when the schema has none. */
export function resolve (
  root: SchemaNode, parts: Path, spell: (key: string) => string, unknown = (part: string) => part
): string[] | undefined {
  let node = root
  const path: string[] = []
  for (const part of parts) {
    const key = Object.keys(node.properties ?? {}).find(key => key === part || spell(key) === part) ?? unknown(part)
    const child = childOf(node, key)
    if (child === undefined) return undefined
    path.push(key)
    node = child
  }
  return path
}

/** The candidate that a word is nearest to, if it is near at all. */
export function nearest (word: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  // A word of any length would keep the comparison busy, and is no misspelling.
  if (word.length > 100) return undefined
  let best: string | undefined
  let least = limit + 1
  for (const candidate of candidates) {
    const distance = distanceOf(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** How many letters have to be put in, taken out, replaced or swapped with their neighbour. */
function distanceOf (one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const next = [row]
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1]
      const costs = [at(last, column) + 1, at(next, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1)]
      const swapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      if (swapped) costs.push(at(before, column - 2) + 1)
      next.push(Math.min(...costs))
    }
    [before, last] = [last, next]
  }
  return at(last, other.length)
}

function at (numbers: readonly number[], index: number): number {
  return numbers[index] ?? Infinity
}
