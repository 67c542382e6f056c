/**
 * Filters of lists.
 *
 * @module
 */

import type { Filter } from './filters.ts'
import { memberOf } from './members.ts'
import { itemsOf, type Runtime } from './runtime.ts'
import { isKeywords } from './signatures.ts'

export function listFilters (runtime: Runtime): Record<string, Filter> {
  return { ...choices(runtime), ...orders(runtime), ...groups(runtime), ...shapes(runtime) }
}

/** The value of `a.b.0` of an item; the item itself without a name. */
function attribute (item: unknown, name: unknown): unknown {
  if (name === undefined || name === null) return item
  return String(name).split('.').reduce((owner: unknown, part) =>
    memberOf(owner, /^\d+$/.test(part) ? Number(part) : part), item)
}

function choices ({ filter, test, truth }: Runtime): Record<string, Filter> {
  /** `select`, `reject`, and the same by an attribute. */
  function choose (wanted: boolean, byAttribute: boolean): Filter {
    return function (this: never, list, ...rest: unknown[]) {
      const [name, given] = byAttribute ? [rest[0], rest.slice(1)] : [undefined, rest]
      return itemsOf(list).filter(item => {
        const value = attribute(item, name)
        const passed = given.length === 0 ? truth(value) : testBy(this, given, value)
        return passed === wanted
      })
    }
  }
  const testBy = (context: never, [name, ...rest]: unknown[], value: unknown) =>
    test(String(name), context, value, rest)
  return {
    select: choose(true, false),
    reject: choose(false, false),
    selectattr: choose(true, true),
    rejectattr: choose(false, true),
    map (this: never, list, first: unknown, ...rest: unknown[]) {
      const items = itemsOf(list)
      if (!isKeywords(first)) return items.map(item => filter(String(first), this, [item, ...rest]))
      return items.map(item => attribute(item, first['attribute']) ?? first['default'])
    }
  }
}

type Key = (item: unknown) => unknown

/** What is compared: texts without their case unless it counts. */
function keysOf ({ plain }: Runtime): (name: unknown, caseSensitive: boolean) => Key {
  return (name, caseSensitive) => item => {
    const value = plain(attribute(item, name))
    return typeof value === 'string' && !caseSensitive ? value.toLowerCase() : value
  }
}

function order (a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0
}

function orders (runtime: Runtime): Record<string, Filter> {
  const keyOf = keysOf(runtime)
  const extreme = (sign: number): Filter => (list, caseSensitive = false, name: unknown = undefined) => {
    const key = keyOf(name, caseSensitive)
    return itemsOf(list).reduce((best: unknown, item, index) =>
      index === 0 || order(key(item), key(best)) * sign > 0 ? item : best, undefined)
  }
  return {
    max: extreme(1),
    min: extreme(-1),
    sort (list, reverse = false, caseSensitive = false, names: unknown = undefined) {
      const wanted = names === undefined ? [undefined] : String(names).split(',')
      const keys = wanted.map(name => keyOf(name, caseSensitive))
      const compare = (a: unknown, b: unknown) =>
        keys.map(key => order(key(a), key(b))).find(result => result !== 0) ?? 0
      return itemsOf(list).toSorted((a, b) => reverse ? compare(b, a) : compare(a, b))
    },
    dictsort (dict, caseSensitive = false, by = 'key', reverse = false) {
      const key = keyOf(by === 'value' ? '1' : '0', caseSensitive)
      const sorted = Object.entries(Object(dict)).sort((a, b) => order(key(a), key(b)))
      return reverse ? sorted.reverse() : sorted
    }
  }
}

function groups (runtime: Runtime): Record<string, Filter> {
  const { equal } = runtime
  const keyOf = keysOf(runtime)
  return {
    unique (list, caseSensitive = false, name: unknown = undefined) {
      const key = keyOf(name, caseSensitive)
      const seen: unknown[] = []
      return itemsOf(list).filter(item => {
        const value = key(item)
        return !seen.some(other => equal(other, value)) && seen.push(value) > 0
      })
    },
    groupby (list, name: unknown, fallback: unknown = undefined) {
      const key = (item: unknown) => attribute(item, name) ?? fallback
      const fold = keyOf(undefined, false)
      const found: { grouper: unknown, list: unknown[] }[] = []
      for (const item of itemsOf(list).toSorted((a, b) => order(fold(key(a)), fold(key(b))))) {
        const last = found.at(-1)
        if (last !== undefined && equal(fold(last.grouper), fold(key(item)))) last.list.push(item)
        else found.push({ grouper: key(item), list: [item] })
      }
      // Pairs, whose parts have names, too.
      return found.map(group => Object.assign([group.grouper, group.list], group))
    }
  }
}

function shapes ({ autoescape, html, isSafe, plain, safe }: Runtime): Record<string, Filter> {
  return {
    attr: (value, name: unknown) => memberOf(value, plain(name)),
    count: value => lengthOf(plain(value)),
    first: value => itemsOf(plain(value))[0],
    items: value => value === undefined ? [] : value instanceof Map ? [...value] : Object.entries(Object(value)),
    join (list, by: unknown = '', name: unknown = undefined) {
      const items = itemsOf(list).map(item => attribute(item, name))
      const marked = autoescape && (isSafe(by) || items.some(isSafe))
      if (marked) return safe(items.map(html).join(html(by)))
      return items.map(item => String(plain(item) ?? '')).join(String(plain(by)))
    },
    last: value => itemsOf(plain(value)).at(-1),
    length: value => lengthOf(plain(value)),
    list: value => [...itemsOf(plain(value))],
    reverse: value => typeof plain(value) === 'string'
      ? [...String(plain(value))].reverse().join('')
      : itemsOf(value).toReversed(),
    sum: (list, name: unknown = undefined, start = 0) =>
      itemsOf(list).reduce((sum: number, item) => sum + Number(attribute(item, name)), start)
  }
}

function lengthOf (value: unknown): number {
  return typeof value === 'string' ? value.length : value instanceof Map ? value.size : itemsOf(value).length
}
