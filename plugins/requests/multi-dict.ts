/**
 * MultiDict: several values under one name, in the order they came, safe for every name (`__proto__` too).
 *
 * What aiohttp's users know from `multidict`; read-only, for everything in it was sent by a client.
 *
 * @module
 */

/** Names with one or more values each. */
export class MultiDict<Value = string> {
  readonly #entries: readonly (readonly [name: string, value: Value])[]
  readonly #index = new Map<string, Value[]>()
  readonly #fold: boolean

  /** With `ignoreCase` names are looked up in any case, and iterated over as they came. */
  constructor (entries: Iterable<readonly [name: string, value: Value]> = [], { ignoreCase = false } = {}) {
    this.#fold = ignoreCase
    this.#entries = [...entries]
    for (const [name, value] of this.#entries) {
      const key = this.#key(name)
      const values = this.#index.get(key)
      if (values === undefined) this.#index.set(key, [value])
      else values.push(value)
    }
  }

  /** How many values there are. */
  get size (): number {
    return this.#entries.length
  }

  /** The first value, else `undefined`. */
  get (name: string): Value | undefined {
    return this.#index.get(this.#key(name))?.[0]
  }

  /** All values, in order. */
  getAll (name: string): Value[] {
    return [...this.#index.get(this.#key(name)) ?? []]
  }

  has (name: string): boolean {
    return this.#index.has(this.#key(name))
  }

  /** The name of every value: a name that came twice comes twice. */
  * keys (): IterableIterator<string> {
    for (const [name] of this.#entries) yield name
  }

  * values (): IterableIterator<Value> {
    for (const [, value] of this.#entries) yield value
  }

  * entries (): IterableIterator<readonly [name: string, value: Value]> {
    yield * this.#entries
  }

  [Symbol.iterator] (): IterableIterator<readonly [name: string, value: Value]> {
    return this.entries()
  }

  #key (name: string): string {
    return this.#fold ? name.toLowerCase() : name
  }
}
