/**
 * Files kept in memory: bounded in bytes, and never trusted for longer than a moment.
 *
 * Second chance: what was asked for since the last round stays, so that one walk over many files does not push the
 * hot ones out. A hit costs a look into a map.
 *
 * @module
 */

/** What the cache has to know of a thing it keeps. */
export interface Cached {
  /** Bytes held in memory, apart from the overhead of an entry. */
  readonly weight: number
  /** When it was last compared with the disk, on the clock of `performance.now()`. */
  checked: number
}

/** How much is kept, and how long it is believed. */
export interface CacheLimits {
  /** All files together, in bytes. */
  readonly size: number
  /** One file, in bytes. */
  readonly fileSize: number
  /** Milliseconds until a file is compared with the disk again. */
  readonly recheck: number
}

interface Slot<T> {
  readonly value: T
  used: boolean
}

/** What an entry costs beside its content: its names, its headers and its place in the map. */
const overhead = 1024

/** A bounded map of things that grow old. */
export class Cache<T extends Cached> {
  readonly limits: CacheLimits
  readonly #slots = new Map<string, Slot<T>>()
  #size = 0

  constructor (limits: CacheLimits) {
    this.limits = limits
  }

  /** Bytes in use. */
  get size (): number {
    return this.#size
  }

  /** What is kept under a key and was compared with the disk a moment ago. */
  fresh (key: string): T | undefined {
    const slot = this.#slots.get(key)
    if (slot === undefined || performance.now() - slot.value.checked >= this.limits.recheck) return undefined
    slot.used = true
    return slot.value
  }

  /** What is kept under a key, however old. */
  stale (key: string): T | undefined {
    return this.#slots.get(key)?.value
  }

  /** Keeps a value, unless it is too large, and lets go of others until all fit. */
  set (key: string, value: T): void {
    this.delete(key)
    const weight = value.weight + overhead
    if (weight > this.limits.size) return
    this.#slots.set(key, { value, used: false })
    this.#size += weight
    this.#shrink()
  }

  delete (key: string): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) return
    this.#slots.delete(key)
    this.#size -= slot.value.weight + overhead
  }

  #shrink (): void {
    for (const [key, slot] of this.#slots) {
      if (this.#size <= this.limits.size) return
      if (slot.used) {
        slot.used = false
        this.#slots.delete(key)
        this.#slots.set(key, slot)
      } else {
        this.delete(key)
      }
    }
  }
}
