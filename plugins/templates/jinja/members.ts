/**
 * Members of values: their own, those of their class, and the methods Python's strings, lists and dicts have.
 *
 * @module
 */

import { formatBraces } from './text.ts'

type Method<Owner> = (owner: Owner, ...values: never[]) => unknown

const strings: Readonly<Record<string, Method<string>>> = {
  capitalize: text => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase(),
  count: (text, part: string) => text.split(part).length - 1,
  endswith: (text, ...ends: string[][]) => ends.flat(2).some(end => text.endsWith(end)),
  find: (text, part: string) => text.indexOf(part),
  format: (text, ...values: unknown[]) => formatBraces(text, values),
  isdigit: text => /^\d+$/.test(text),
  isalpha: text => /^\p{L}+$/u.test(text),
  join: (text, items: Iterable<unknown>) => [...items].join(text),
  ljust: (text, width: number) => text.padEnd(width),
  lower: text => text.toLowerCase(),
  lstrip: (text, characters?: string) => strip(text, characters, true, false),
  replace: (text, old: string, by: string) => text.replaceAll(old, () => by),
  rjust: (text, width: number) => text.padStart(width),
  rstrip: (text, characters?: string) => strip(text, characters, false, true),
  split: (text, separator?: string) =>
    separator === undefined ? text.trim().split(/\s+/).filter(Boolean) : text.split(separator),
  splitlines: text => text.split(/\r\n|\r|\n/),
  startswith: (text, ...starts: string[][]) => starts.flat(2).some(start => text.startsWith(start)),
  strip: (text, characters?: string) => strip(text, characters, true, true),
  title: text => text.toLowerCase().replace(/\p{L}+/gu, word => word.charAt(0).toUpperCase() + word.slice(1)),
  upper: text => text.toUpperCase(),
  zfill: (text, width: number) => text.padStart(width, '0')
}

const lists: Readonly<Record<string, Method<unknown[]>>> = {
  append: (list, item: unknown) => { list.push(item) },
  count: (list, item: unknown) => list.filter(other => other === item).length,
  extend: (list, items: unknown[]) => { list.push(...items) },
  index: (list, item: unknown) => list.indexOf(item),
  insert: (list, index: number, item: unknown) => { list.splice(index, 0, item) }
}

const dicts: Readonly<Record<string, Method<object>>> = {
  get: (dict, name: string, fallback: unknown = undefined) =>
    Object.hasOwn(dict, name) ? Reflect.get(dict, name) : fallback,
  items: dict => Object.entries(dict),
  keys: dict => Object.keys(dict),
  update: (dict, values: object) => { Object.assign(dict, values) },
  values: dict => Object.values(dict)
}

/**
 * `owner.key`, `owner[key]`; nothing where the owner is nothing. What every object inherits, such as `constructor`, is
 * not there.
 */
export function memberOf (owner: unknown, key: unknown): unknown {
  if (owner === undefined || owner === null) return undefined
  if (typeof owner === 'string' || owner instanceof String) return memberOfText(owner.toString(), key)
  if (owner instanceof Map && owner.has(key)) return owner.get(key)
  if (Array.isArray(owner)) return memberOfList(owner, key)
  const name = typeof key === 'symbol' ? key : String(key)
  if (Object.hasOwn(Object(owner), name)) return bound(owner, Reflect.get(Object(owner), name))
  const prototype: unknown = Object.getPrototypeOf(owner)
  const dict = prototype === Object.prototype || prototype === null
  return (dict ? methodOf(dicts, owner as object, String(name)) : undefined) ?? inherited(owner, name)
}

function memberOfText (text: string, key: unknown): unknown {
  if (Number.isInteger(key)) return text.at(Number(key))
  return methodOf(strings, text, String(key)) ?? inherited(text, String(key))
}

function memberOfList (list: unknown[], key: unknown): unknown {
  if (Number.isInteger(key)) return list.at(Number(key))
  return methodOf(lists, list, String(key)) ?? inherited(list, String(key))
}

function methodOf<Owner> (methods: Readonly<Record<string, Method<Owner>>>, owner: Owner, name: string): unknown {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  return method && ((...values: unknown[]) => Reflect.apply(method, undefined, [owner, ...values]))
}

/** What its class gives a value, and nothing that leads out of it. */
function inherited (owner: unknown, name: string | symbol): unknown {
  if (Object.getPrototypeOf(owner) === Function.prototype || name in Object.prototype) return undefined
  return bound(owner, Reflect.get(Object(owner), name, owner))
}

function bound (owner: unknown, value: unknown): unknown {
  return typeof value === 'function' ? (...values: unknown[]) => Reflect.apply(value, owner, values) : value
}

/** `value[start:stop:step]` of a text or a list. */
export function sliceOf (owner: unknown, start: number | null, stop: number | null, step: number | null): unknown {
  const items: unknown[] | string = typeof owner === 'string' ? owner : Array.isArray(owner) ? owner : [...Object(owner ?? [])]
  const by = step ?? 1
  const size = items.length
  const [lowest, highest] = by < 0 ? [-1, size - 1] : [0, size]
  const place = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, lowest), highest)
  const [from, to] = by < 0
    ? [start === null ? size - 1 : place(start), stop === null ? -1 : place(stop)]
    : [start === null ? 0 : place(start), stop === null ? size : place(stop)]
  const found: unknown[] = []
  if (by === 0) throw new RangeError('slice step cannot be zero')
  for (let index = from; by < 0 ? index > to : index < to; index += by) found.push(items[index])
  return typeof items === 'string' ? found.join('') : found
}

/** Takes characters off the ends; white space unless others are named. */
export function strip (text: string, characters: string | undefined, left: boolean, right: boolean): string {
  const isStripped = (one = '') => characters === undefined ? /\s/.test(one) : one !== '' && characters.includes(one)
  let [start, end] = [0, text.length]
  if (left) while (start < end && isStripped(text[start])) start++
  if (right) while (end > start && isStripped(text[end - 1])) end--
  return text.slice(start, end)
}
