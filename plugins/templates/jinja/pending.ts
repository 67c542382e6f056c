/**
 * Values that come later: a filter or a function may give a promise, and the text is complete when it is there.
 *
 * Rendering itself never waits. A promise that is written out leaves a mark, which its value takes the place of.
 *
 * @module
 */

import { randomInt } from 'node:crypto'

/** What one environment is waiting for while it renders. */
export interface Pending {
  /** Of the rendering that runs now. */
  values: Promise<string>[]
  /** Nobody can guess it, so nobody can write a mark into a text of theirs. */
  readonly secret: string
}

export function createPending (): Pending {
  // Digits and no letters: a mark survives `upper`.
  return { values: [], secret: String(randomInt(1e14)) }
}

/** Whether a value comes later. */
export function isPromise (value: unknown): value is Promise<unknown> {
  return value instanceof Promise
}

/** Leaves a mark where a text will stand. */
export function mark (pending: Pending, text: Promise<string>): string {
  // Whoever waits for all of them hears of it; a rendering that fails before does not wait.
  text.catch(() => {})
  return `\0${pending.secret}.${pending.values.push(text) - 1}\0`
}

/** Renders, and waits for what is missing, if anything is. */
export function settle (pending: Pending, render: () => string): string | Promise<string> {
  const outer = pending.values
  const own: Promise<string>[] = []
  pending.values = own
  try {
    const text = render()
    return own.length === 0 ? text : fill(pending, text, own)
  } finally {
    pending.values = outer
  }
}

async function fill ({ secret }: Pending, text: string, values: readonly Promise<string>[]): Promise<string> {
  const texts = await Promise.all(values)
  return text.replace(new RegExp(`\\u0000${secret}\\.(\\d+)\\u0000`, 'g'), (_mark, index) => texts[Number(index)] ?? '')
}
