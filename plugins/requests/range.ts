/**
 * The Range header (RFC 9110, section 14) as a slice, as aiohttp has it.
 *
 * @module
 */

import { HTTPRequestRangeNotSatisfiable } from '../exceptions/index.ts'

/** A Range header as a slice: negative `start` counts from the end, `stop` is excluded, `null` is open. */
export interface RangeSlice {
  readonly start: number | null
  readonly stop: number | null
  readonly step: 1
}

const range = /^bytes=(\d*)-(\d*)$/

/**
 * A single range of bytes.
 *
 * @throws HTTPRequestRangeNotSatisfiable for several ranges, other units, and an end before the start
 */
export function parseRange (header: string | undefined): RangeSlice {
  if (header === undefined) return { start: null, stop: null, step: 1 }
  const match = range.exec(header)
  if (match === null) throw unsatisfiable('range not in acceptable format')
  const first = match[1] === '' ? null : Number(match[1])
  const last = match[2] === '' ? null : Number(match[2])
  if (first === null && last === null) throw unsatisfiable('no start or end of range specified')
  if (first === null) return { start: -(last ?? 0), stop: null, step: 1 }
  if (last !== null && last < first) throw unsatisfiable('start cannot be after end')
  return { start: first, stop: last === null ? null : last + 1, step: 1 }
}

function unsatisfiable (why: string): HTTPRequestRangeNotSatisfiable {
  return new HTTPRequestRangeNotSatisfiable({ text: `Cannot read the Range header: ${why}` })
}
