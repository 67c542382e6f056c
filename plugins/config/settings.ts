/**
 * The values of all sources in one tree, each with where it comes from.
 *
 * @module
 */

import type { Path } from './schema.ts'

/** One source of values. */
export interface Origin {
  /** In which order problems are told. */
  readonly rank: number
  /** Where a value is written, as people look for it. */
  place (path: Path): { readonly where: string, readonly line?: number | undefined }
}

type Values = Record<string, unknown>

/** Grows from the weakest source to the strongest. */
export class Settings {
  readonly values: Values = {}
  readonly #origins = new Map<string, Origin>()

  /** Lays values over those that are there: sections are merged, all else is replaced. */
  merge (values: Readonly<Values>, origin: Origin): void {
    this.#merge(this.values, values, origin, [])
  }

  /** Lays one value over what is there. */
  set (path: Path, value: unknown, origin: Origin): void {
    let nested = value
    for (const key of path.toReversed()) nested = own(key, nested)
    this.merge(nested as Values, origin)
  }

  /** Where a value, or what it is in, comes from. */
  originOf (path: Path): Origin | undefined {
    for (let length = path.length; length > 0; length--) {
      const origin = this.#origins.get(JSON.stringify(path.slice(0, length)))
      if (origin !== undefined) return origin
    }
    return undefined
  }

  #merge (target: Values, values: Readonly<Values>, origin: Origin, path: Path): void {
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) continue
      const here = [...path, key]
      this.#origins.set(JSON.stringify(here), origin)
      if (!isMapping(value)) {
        put(target, key, value)
        continue
      }
      const before = Object.hasOwn(target, key) ? target[key] : undefined
      const section = isMapping(before) ? before : {}
      put(target, key, section)
      this.#merge(section, value, origin, here)
    }
  }
}

export function isMapping (value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Sets a key of its own, also when it is called `__proto__`. */
export function put (target: Values, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

function own (key: string, value: unknown): Values {
  const values: Values = {}
  put(values, key, value)
  return values
}
