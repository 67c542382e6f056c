/**
 * The name `loop` inside of loops.
 *
 * @module
 */

/** Runs the loop again over other items, one level deeper. */
export type Recurse = (items: unknown, depth: number) => unknown

/** Where a loop is; one object for all its iterations. */
export class Loop {
  index0 = 0
  readonly length: number
  readonly depth0: number
  readonly #items: readonly unknown[]
  #last: readonly unknown[] | undefined

  constructor (items: readonly unknown[], depth: number) {
    this.#items = items
    this.length = items.length
    this.depth0 = depth
  }

  /** The object of a loop; that of a recursive one can be called. */
  static of (items: readonly unknown[], depth: number, recurse: Recurse | null): Loop {
    const loop = new Loop(items, depth)
    if (recurse === null) return loop
    const call = (children: unknown) => recurse(children, depth + 1)
    return new Proxy(call as unknown as Loop, {
      get: (target, name) => name in loop ? memberOfLoop(loop, name) : Reflect.get(target, name),
      set: (_target, name, value) => Reflect.set(loop, name, value),
      has: (_target, name) => name in loop,
      getPrototypeOf: () => Loop.prototype
    })
  }

  static step (this: void, loop: Loop, index: number): void {
    loop.index0 = index
  }

  get index (): number {
    return this.index0 + 1
  }

  get revindex (): number {
    return this.length - this.index0
  }

  get revindex0 (): number {
    return this.length - this.index0 - 1
  }

  get first (): boolean {
    return this.index0 === 0
  }

  get last (): boolean {
    return this.index0 === this.length - 1
  }

  get depth (): number {
    return this.depth0 + 1
  }

  get previtem (): unknown {
    return this.#items[this.index0 - 1]
  }

  get nextitem (): unknown {
    return this.#items[this.index0 + 1]
  }

  /** One of the values after the other. */
  cycle (...values: unknown[]): unknown {
    return values[this.index0 % values.length]
  }

  /** Whether the values are others than at the last call. */
  changed (...values: unknown[]): boolean {
    const last = this.#last
    this.#last = values
    return last === undefined || last.length !== values.length || last.some((value, index) => value !== values[index])
  }
}

/** Methods need the loop itself, for its private fields. */
function memberOfLoop (loop: Loop, name: string | symbol): unknown {
  const value: unknown = Reflect.get(loop, name, loop)
  return typeof value === 'function' ? value.bind(loop) : value
}
