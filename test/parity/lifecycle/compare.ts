/**
 * Whether what happened is what was recorded.
 *
 * Not compared: messages behind ` | `, which error refuses a connection, and a time that is off by one.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import { exitNames, timeNames } from './journal.ts'
import type { Entry, Outcome } from './scenario.ts'

/** The part of an outcome that differs. */
export interface Deviation {
  /** `events`, `client ID`, `exit` or `stdout`. */
  readonly what: string
  readonly expected: unknown
  readonly actual: unknown
}

/** What of `actual` is not as in `expected`. */
function deviations (expected: Partial<Outcome>, actual: Outcome): Deviation[] {
  const found: Deviation[] = []
  const compare = (what: string, same: boolean, one: unknown, other: unknown) => {
    if (!same) found.push({ what, expected: one, actual: other })
  }
  compare('events', sameList(expected.events, actual.events), expected.events, actual.events)
  for (const { id, saw } of expected.client ?? []) {
    const other = actual.client.find(client => client.id === id)?.saw
    compare(`client ${id}`, sameList(saw, other), saw, other)
  }
  if (expected.exit !== undefined) {
    const { code, at } = expected.exit
    const same = code === actual.exit?.code && near(at, actual.exit.at, exitNames)
    compare('exit', same, expected.exit, actual.exit)
  }
  if (expected.stdout !== undefined) {
    compare('stdout', isDeepStrictEqual(expected.stdout, actual.stdout), expected.stdout, actual.stdout)
  }
  return found
}

/** What deviates from the outcome that was recorded, or else from the other one that counts as right. */
export function deviationsOf (recorded: Partial<Outcome> & { also?: Partial<Outcome> }, actual: Outcome): Deviation[] {
  const found = deviations(recorded, actual)
  if (recorded.also === undefined || found.length === 0) return found
  return deviations({ ...recorded, ...recorded.also }, actual).length === 0 ? [] : found
}

/** A deviation as lines: what was expected with `-`, what came with `+`. */
export function show ({ what, expected, actual }: Deviation): string {
  const lines = (mark: string, value: unknown) =>
    (Array.isArray(value) ? value : [value]).map(item => `    ${mark} ${typeof item === 'string' ? item : JSON.stringify(item)}`)
  return [`  ${what}`, ...lines('-', expected), ...lines('+', actual)].join('\n')
}

function sameList (expected: readonly Entry[] = [], actual: readonly Entry[] = []): boolean {
  return expected.length === actual.length && expected.every((entry, index) => {
    const other = actual[index] ?? ''
    return isDeepStrictEqual(bare(entry), bare(other)) && near(timeOf(entry), timeOf(other), timeNames)
  })
}

/** What is left of an entry when its time and its message are put aside. */
function bare (entry: Entry): unknown {
  if (typeof entry === 'string') return entry.split(' | ')[0]
  const { at: _, ...rest } = entry
  if (typeof rest.event === 'string') return bare(rest.event)
  return 'refused' in rest ? { refused: true } : rest
}

function timeOf (entry: Entry): string | undefined {
  return typeof entry === 'string' ? undefined : entry.at as string | undefined
}

function near (one: string | undefined, other: string | undefined, scale: readonly string[]): boolean {
  if (one === other) return true
  if (one === undefined || other === undefined) return false
  return Math.abs(scale.indexOf(one) - scale.indexOf(other)) <= 1
}
