/**
 * Response headers: case-insensitive names, several Set-Cookie, nothing that could split a response.
 *
 * Smaller and several times faster than the platform's `Headers`, which sorts on every iteration.
 * Has what Fastify asks of a `Response`'s headers: it is iterable and has `forEach`.
 *
 * @module
 */

import { AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE } from './errors.ts'
import { describe } from './options.ts'

/** What headers can be made from. */
export type HeadersInit = Headers | Readonly<Record<string, string | number | readonly string[]>> |
  Iterable<readonly [name: string, value: string | readonly string[]]>

/** A name (RFC 9110, section 5.6.2). */
export const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** No value (RFC 9110, section 5.5): control characters could split a message, half a surrogate pair is no character */
export const invalidValue = /[^\t\x20-\x7e\x80-\u{10ffff}]|\p{Cs}/u
const ascii = /^[\0-\x7f]*$/

/** Headers of one response; names are kept in lower case, as HTTP/2 wants them. */
export class Headers {
  readonly #values = new Map<string, string | string[]>()
  #wide = false

  constructor (init?: HeadersInit) {
    if (init === undefined) return
    const entries = init instanceof Headers ? init.entries() : Symbol.iterator in init ? init : Object.entries(init)
    for (const [name, value] of entries) {
      for (const item of Array.isArray(value) ? value : [value]) this.append(name, String(item))
    }
  }

  /**
   * Whether there was a value beyond ASCII. Node writes such a head right only before bytes: a head that goes out
   * together with text is encoded as the text is.
   */
  get wide (): boolean {
    return this.#wide
  }

  /** How many names there are. */
  get size (): number {
    return this.#values.size
  }

  /** The value, several joined by a comma; `null` when there is none. */
  get (name: string): string | null {
    const value = this.#values.get(name.toLowerCase())
    return value === undefined ? null : typeof value === 'string' ? value : value.join(', ')
  }

  /** Every value on its own, as it was appended (aiohttp: getall). */
  getAll (name: string): string[] {
    const value = this.#values.get(name.toLowerCase())
    return value === undefined ? [] : typeof value === 'string' ? [value] : [...value]
  }

  /** Every Set-Cookie on its own. */
  getSetCookie (): string[] {
    return this.getAll('set-cookie')
  }

  has (name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  /** @throws AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE */
  set (name: string, value: string | number): void {
    this.#values.set(checkName(name), this.#check(name, value))
  }

  /** A further value; it gets a line of its own, as in aiohttp. @throws AIO_ERR_HEADER_NAME, AIO_ERR_HEADER_VALUE */
  append (name: string, value: string | number): void {
    const key = checkName(name)
    const text = this.#check(name, value)
    const before = this.#values.get(key)
    this.#values.set(key, before === undefined ? text : [before, text].flat())
  }

  /** The names, in lower case. */
  names (): IterableIterator<string> {
    return this.#values.keys()
  }

  delete (name: string): boolean {
    return this.#values.delete(name.toLowerCase())
  }

  forEach (callback: (value: string, name: string, headers: this) => void): void {
    for (const [name, value] of this.entries()) callback(value, name, this)
  }

  /** Every name with every value, as they were set. */
  * entries (): IterableIterator<[name: string, value: string]> {
    for (const [name, value] of this.#values) {
      if (typeof value === 'string') yield [name, value]
      else for (const item of value) yield [name, item]
    }
  }

  #check (name: string, value: string | number): string {
    const text = String(value)
    if (invalidValue.test(text)) throw new AIO_ERR_HEADER_VALUE(name, describe(text))
    this.#wide ||= !ascii.test(text)
    return text
  }

  /**
   * Every name once, as Fastify takes them: several values together, so that each gets its line, and characters beyond
   * ASCII as the bytes of UTF-8, for Node writes one byte for each character.
   */
  * [Symbol.iterator] (): IterableIterator<[name: string, value: string | string[]]> {
    for (const [name, value] of this.#values) {
      yield [name, typeof value === 'string' ? toWire(value) : value.map(toWire)]
    }
  }
}

function toWire (text: string): string {
  return ascii.test(text) ? text : Buffer.from(text).toString('latin1')
}

function checkName (name: string): string {
  if (typeof name !== 'string' || !token.test(name)) throw new AIO_ERR_HEADER_NAME(describe(name))
  return name.toLowerCase()
}
