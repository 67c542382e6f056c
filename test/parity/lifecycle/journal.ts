/**
 * What happened, in order; after the mark with a coarse time.
 *
 * @module
 */

import type { Entry } from './scenario.ts'

/** Names of times after the mark, each with the number of milliseconds it ends at. */
const buckets: readonly (readonly [limit: number, name: string])[] = [
  [100, '<100ms'], [200, '~150ms'], [400, '~300ms'], [600, '~500ms'], [850, '~700ms'], [1250, '~1s'],
  [1750, '~1.5s'], [2500, '~2s'], [3500, '~3s'], [Infinity, '>3.5s']
]

/** The end of a process takes longer and is known less exactly. */
const exitBuckets: typeof buckets = [
  [300, '<300ms'], [800, '~500ms'], [1500, '~1s'], [2500, '~2s'], [Infinity, '>2.5s']
]

/** The names of times, in their order. */
export const timeNames = buckets.map(([, name]) => name)

/** The names of times at which a process ends, in their order. */
export const exitNames = exitBuckets.map(([, name]) => name)

/** The name of a time at which a process ends. */
export function exitTime (ms: number): string {
  return nameOf(ms, exitBuckets)
}

/** Milliseconds on a clock that several processes share. */
export function now (): number {
  return performance.timeOrigin + performance.now()
}

/** The events of one scenario. */
export class Journal {
  readonly entries: Entry[] = []
  zero: number | undefined
  #open = true

  /** Time zero. */
  mark (): void {
    this.zero = now()
  }

  add (event: string, at = now()): void {
    if (!this.#open) return
    const time = this.when(at)
    this.entries.push(time === undefined ? event : { at: time, event })
  }

  /** The name of a time; `undefined` before the mark. */
  when (at: number): string | undefined {
    return this.zero === undefined || at < this.zero ? undefined : nameOf(at - this.zero, buckets)
  }

  /** Whether an event was noted. */
  has (event: string): boolean {
    return this.entries.some(entry => (typeof entry === 'string' ? entry : entry.event) === event)
  }

  /** What comes now is no longer of interest. */
  close (): void {
    this.#open = false
  }
}

function nameOf (ms: number, scale: typeof buckets): string {
  return scale.find(([limit]) => ms < limit)?.[1] ?? ''
}
