/**
 * What the server saw: requests in order of arrival, and on which connections.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import type { Case, Spec } from './case.ts'
import { cookiePairs } from './compare-results.ts'
import { isParallel, keysOf, type Differ } from './compare.ts'
import { isSpec } from './values.ts'

/** Where it counts on which connection a request came. */
const connectionsCount = ['pool', 'retry', 'proxy', 'tls', 'timeouts']

type Field = readonly [name: string, value: string]

export function compareSeen (spec: Case, got: readonly Spec[], differ: Differ): void {
  const expected = spec.seen ?? []
  if (got.length !== expected.length) {
    differ('seen', expected.map(brief), got.map(brief))
    return
  }
  const order = spec.port === 'adapt' && isParallel(spec) ? byListener : asTheyCame
  const [wants, haves] = [order(expected), order(got)]
  for (const [at, want] of wants.entries()) compareRequest(`request ${at + 1}`, want, haves[at]!, differ)
  if (!connectionsCount.includes(spec.section)) return
  const [want, have] = [wants, haves].map(connectionsOf)
  if (!isDeepStrictEqual(have, want)) differ('connections', want, have)
}

/** Requests of different listeners that are sent at once arrive in any order. */
function byListener (requests: readonly Spec[]): readonly Spec[] {
  return requests.toSorted((one, other) => String(one.listener ?? '').localeCompare(String(other.listener ?? '')))
}

function asTheyCame (requests: readonly Spec[]): readonly Spec[] {
  return requests
}

function brief ({ method, target }: Spec): string {
  return `${method} ${target}`
}

/** The connections in the order of their first request, numbered anew. */
function connectionsOf (requests: readonly Spec[]): number[] {
  const order = [...new Set(requests.map(({ conn }) => conn))]
  return requests.map(({ conn }) => order.indexOf(conn) + 1)
}

const comparisons: Readonly<Record<string, (want: unknown, have: unknown) => boolean>> = {
  frames: sameFrames,
  multipart: sameParts
}

function compareRequest (where: string, want: Spec, have: Spec, differ: Differ): void {
  const json = sameJson(want.body, have.body)
  const ignored = new Set(['conn', 'headers', 'defaults', ...json ? ['body', 'chunks'] : []])
  for (const key of keysOf(want, have)) {
    if (ignored.has(key)) continue
    const same = comparisons[key] ?? isDeepStrictEqual
    if (!same(want[key], have[key])) differ(`${where} (${brief(want)}) ${key}`, want[key], have[key])
  }
  const [defaults, found] = [want.defaults, have.defaults].map(list => [...list as string[]].sort())
  if (!isDeepStrictEqual(found, defaults)) differ(`${where} default headers`, defaults, found)
  const loose = json || 'decoded_with' in want
  const version = String(want.version ?? '1.1')
  compareHeaders(where, want.headers as Field[], have.headers as Field[], { loose, version }, differ)
}

interface HeaderRules {
  /** Content-Length follows from how the body was written. */
  readonly loose: boolean
  readonly version: string
}

/** Names without case and order; equal names keep their order. */
function compareHeaders (where: string, want: Field[], have: Field[], rules: HeaderRules, differ: Differ): void {
  const wants = collect(want, rules)
  const haves = collect(have, rules)
  for (const name of new Set([...wants.keys(), ...haves.keys()])) {
    const [expected, got] = [wants.get(name), haves.get(name)]
    const same = name === 'cookie' && expected !== undefined && got !== undefined
      ? isDeepStrictEqual(got.map(cookiePairs), expected.map(cookiePairs))
      : isDeepStrictEqual(got, expected)
    if (!same) differ(`${where} header ${name}`, expected, got)
  }
}

function collect (fields: readonly Field[], { loose, version }: HeaderRules): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    if (key === 'connection' && value.toLowerCase() === 'keep-alive' && version === '1.1') continue
    if (key === 'content-length' && loose) continue
    found.set(key, [...found.get(key) ?? [], value])
  }
  return found
}

/** Whether both are JSON of one value; how it is written does not count. */
function sameJson (want: unknown, have: unknown): boolean {
  if (!isSpec(want) || !isSpec(have)) return false
  const [one, other] = [want.text, have.text].map(parse)
  return typeof one === 'object' && one !== null && isDeepStrictEqual(one, other)
}

function parse (text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}

function sameFrames (want: unknown, have: unknown): boolean {
  if (!Array.isArray(want) || !Array.isArray(have)) return false
  const [wants, haves] = [want, have].map(withoutRepeatedPings)
  return wants!.length === haves!.length && wants!.every((frame, at) => sameFrame(frame, haves![at]!))
}

/** How many pings a heartbeat sends depends on the clock. */
function withoutRepeatedPings (frames: Spec[]): Spec[] {
  return frames.filter((frame, at) => frame.op !== 9 || !isDeepStrictEqual(frame, frames[at - 1]))
}

function sameFrame (want: Spec, have: Spec): boolean {
  if (!sameJson(want, have)) return isDeepStrictEqual(have, want)
  return isDeepStrictEqual({ ...have, text: '' }, { ...want, text: '' })
}

/** Parts in their order, with headers without case. */
function sameParts (want: unknown, have: unknown): boolean {
  if (!Array.isArray(want) || !Array.isArray(have) || want.length !== have.length) return false
  return want.every((part: Spec, at) => samePart(part, have[at] as Spec))
}

function samePart (want: Spec, have: Spec): boolean {
  const json = sameJson(want, have)
  const [wanted, had] = [want, have].map(({ headers }) => [...collect(headers as Field[], { loose: json, version: '1.1' })].sort())
  if (!isDeepStrictEqual(had, wanted)) return false
  if ('multipart' in want) return sameParts(want.multipart, have.multipart)
  return json || (isDeepStrictEqual(have.text, want.text) && isDeepStrictEqual(have.b64, want.b64))
}
