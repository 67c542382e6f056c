/**
 * Whether a case gave what was recorded, by the rules of the recording.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import type { Case, Spec } from './case.ts'
import { compareResults } from './compare-results.ts'
import { compareSeen } from './compare-seen.ts'
import type { Outcome } from './run.ts'
import { isSpec } from './values.ts'

/** Notes one difference. */
export type Differ = (what: string, expected: unknown, got: unknown) => void

/** What differs, one line each. */
export function compareCase (spec: Case, outcome: Outcome): string[] {
  const differences: string[] = []
  const differ: Differ = (what, expected, got) => {
    differences.push(`${what}: expected ${show(expected)}, got ${show(got)}`)
  }
  compareResults(spec.results, outcome.results, differ)
  if (spec.seen !== undefined) compareSeen(spec, outcome.seen, differ)
  if (spec.seen_count !== undefined) {
    const connections = new Set(outcome.seen.map(({ conn }) => conn)).size
    const got = { requests: outcome.seen.length, connections }
    if (!isDeepStrictEqual(got, spec.seen_count)) differ('seen_count', spec.seen_count, got)
  }
  compareEvents(spec, outcome, differ)
  if (spec.max_active !== undefined && spec.max_active !== outcome.maxActive) {
    differ('max_active', spec.max_active, outcome.maxActive)
  }
  return differences
}

/** Whether a case does things at once: then order counts only among what belongs together. */
export function isParallel ({ call: { steps } }: Case): boolean {
  return steps.some(({ op }) => op === 'parallel')
}

/** A value as a short text. */
export function show (value: unknown): string {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value)
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text
}

function compareEvents (spec: Case, { events: got }: Outcome, differ: Differ): void {
  const { events: expected = [] } = spec
  if (expected.length === 0 && got.length === 0) return
  if (!isParallel(spec)) {
    const at = expected.findIndex((event, index) => !sameEvent(event, got[index]))
    if (at >= 0) differ(`event ${at + 1}`, expected[at], got[at])
    else if (got.length > expected.length) differ(`event ${expected.length + 1}`, undefined, got[expected.length])
    return
  }
  // The first item is the request's own context.
  for (const owner of new Set([...expected, ...got].map(([first]) => first))) {
    const [want, have] = [expected, got].map(list => list.filter(([first]) => first === owner))
    const same = want!.length === have!.length && want!.every((event, at) => sameEvent(event, have![at]))
    if (!same) differ(`events of ${show(owner)}`, want, have)
  }
}

/** An exception is noted with every name it answers to. */
function sameEvent (want: readonly unknown[], have: readonly unknown[] = []): boolean {
  return want.length === have.length && want.every((item, at) => {
    const got = have[at]
    return isSpec(got) && Array.isArray(got.is) ? got.is.includes(item) : isDeepStrictEqual(got, item)
  })
}

/** The members of two objects, each name once. */
export function keysOf (...objects: readonly Spec[]): Set<string> {
  return new Set(objects.flatMap(Object.keys))
}
