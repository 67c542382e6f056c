/**
 * Headers of requests and responses: names in any case, several values, everything in the order and case it came.
 *
 * @module
 */

import { AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE } from '../../lib/errors.ts'
import { invalidValue, token } from '../../lib/headers.ts'
import { describe } from '../../lib/options.ts'

/** What headers can be made from. */
export type HeaderMapInit = Iterable<readonly [name: string, value: string]> |
  Readonly<Record<string, string | readonly string[] | undefined>>

/** A list of headers (aiohttp: CIMultiDict). */
export class HeaderMap {
  /** Name, value, name, value, … */
  #flat: string[] = []

  constructor (init?: HeaderMapInit) {
    if (init === undefined) return
    if (init instanceof HeaderMap) this.#flat = init.flat()
    else for (const [name, value] of entriesOf(init)) this.append(name, value)
  }

  /** What a parser found, unchecked: name, value, name, value, … */
  static of (flat: string[]): HeaderMap {
    const headers = new HeaderMap()
    headers.#flat = flat
    return headers
  }

  /** How many values there are. */
  get size (): number {
    return this.#flat.length / 2
  }

  /** The first value, else `undefined`. */
  get (name: string): string | undefined {
    const flat = this.#flat
    const key = name.toLowerCase()
    for (let index = 0; index < flat.length; index += 2) {
      if (isSame(flat[index], key)) return flat[index + 1]
    }
    return undefined
  }

  /** All values, in order. */
  getAll (name: string): string[] {
    const key = name.toLowerCase()
    return this.#flat.filter((_, index) => index % 2 === 1 && isSame(this.#flat[index - 1], key))
  }

  has (name: string): boolean {
    return this.get(name) !== undefined
  }

  /** One value instead of all there were. @throws AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE */
  set (name: string, value: string): void {
    const text = checked(name, value)
    this.delete(name)
    this.#flat.push(name, text)
  }

  /** A further value. @throws AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE */
  append (name: string, value: string): void {
    this.#flat.push(name, checked(name, value))
  }

  /** Whether there was one. */
  delete (name: string): boolean {
    if (!this.has(name)) return false
    const key = name.toLowerCase()
    const before = this.#flat
    const after: string[] = []
    for (let index = 0; index < before.length; index += 2) {
      if (!isSame(before[index], key)) after.push(before[index] ?? '', before[index + 1] ?? '')
    }
    this.#flat = after
    return true
  }

  /**
   * All of them, each name instead of the same name here. A name that comes twice there is here twice, unless its
   * case differs: then the last one counts.
   */
  replace (init: HeaderMapInit): void {
    const seen = new Set<string>()
    for (const [name, value] of init instanceof HeaderMap ? init : new HeaderMap(init)) {
      if (!seen.has(name)) this.delete(name)
      seen.add(name)
      this.#flat.push(name, value)
    }
  }

  /** The name of every value: a name that came twice comes twice. */
  * keys (): IterableIterator<string> {
    for (const [name] of this) yield name
  }

  * values (): IterableIterator<string> {
    for (const [, value] of this) yield value
  }

  * entries (): IterableIterator<[name: string, value: string]> {
    for (let index = 0; index < this.#flat.length; index += 2) {
      yield [this.#flat[index] ?? '', this.#flat[index + 1] ?? '']
    }
  }

  [Symbol.iterator] (): IterableIterator<[name: string, value: string]> {
    return this.entries()
  }

  /** A copy: name, value, name, value, … */
  flat (): string[] {
    return this.#flat.slice()
  }

  /** As lines of a head, each with its end. */
  toString (): string {
    const flat = this.#flat
    let text = ''
    for (let index = 0; index < flat.length; index += 2) text += `${flat[index]}: ${flat[index + 1]}\r\n`
    return text
  }
}

function isSame (name: string | undefined, key: string): boolean {
  return name !== undefined && name.length === key.length && (name === key || name.toLowerCase() === key)
}

function * entriesOf (init: HeaderMapInit): Generator<readonly [string, string]> {
  if (Symbol.iterator in init) {
    yield * init as Iterable<readonly [string, string]>
    return
  }
  for (const [name, value] of Object.entries(init)) {
    if (value === undefined) continue
    if (typeof value === 'object') for (const item of value) yield [name, item]
    else yield [name, value]
  }
}

function checked (name: string, value: unknown): string {
  if (typeof name !== 'string' || !token.test(name)) throw new AIO_ERR_HEADER_NAME(describe(name))
  if (typeof value !== 'string' || invalidValue.test(value)) throw new AIO_ERR_HEADER_VALUE(name, describe(value))
  return value
}
