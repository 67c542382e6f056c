/**
 * What conditional and range headers mean (RFC 9110, sections 13 and 14), as aiohttp reads them.
 *
 * @module
 */

import { HTTPRequestRangeNotSatisfiable } from '../exceptions/index.ts'

/** An entity tag. */
export interface ETag {
  readonly value: string
  readonly isWeak: boolean
}

/** A Range header as a slice: negative `start` counts from the end, `stop` is excluded, `null` is open. */
export interface RangeSlice {
  readonly start: number | null
  readonly stop: number | null
  readonly step: 1
}

const tag = /(W\/)?"([!#-~\x80-\uffff]+)"(?:\s*,\s*|$)/y

/** The tags of If-Match or If-None-Match up to the first that is malformed; `null` without the header. */
export function parseETags (header: string | undefined): readonly ETag[] | null {
  if (header === undefined || header === '') return null
  if (header === '*') return [{ value: '*', isWeak: false }]
  const tags: ETag[] = []
  const pattern = new RegExp(tag)
  for (let match = pattern.exec(header); match !== null; match = pattern.exec(header)) {
    tags.push({ value: match[2] ?? '', isWeak: match[1] !== undefined })
    if (pattern.lastIndex >= header.length) break
  }
  return tags
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

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
// IMF-fixdate, RFC 850 and asctime (RFC 9110, section 5.6.7); a zone other than GMT is not looked at.
const fixdate = /^(?:[a-z]+,)?\s*(\d{1,2})[ -]([a-z]{3})[a-z]*[ -](\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s|$)/i
const asctime = /^[a-z]{3}\s+([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})\s+(\d{4})/i

/** A date of HTTP; `null` when there is none or nobody can read it. */
export function parseHttpDate (header: string | undefined): Date | null {
  if (header === undefined) return null
  const text = header.trim()
  const usual = fixdate.exec(text)
  if (usual !== null) return toDate(usual[3], usual[2], usual[1], usual[4], usual[5], usual[6] ?? '0')
  const old = asctime.exec(text)
  return old === null ? null : toDate(old[6], old[1], old[2], old[3], old[4], old[5])
}

function toDate (...[year = '', month = '', day, hour, minute, second]: (string | undefined)[]): Date | null {
  const index = months.indexOf(month.toLowerCase())
  if (index === -1) return null
  // Two digits as in Python's email package: 69 to 99 are of the last century.
  const full = year.length > 2 ? Number(year) : Number(year) + (Number(year) > 68 ? 1900 : 2000)
  const parts: readonly number[] = [day, hour, minute, second].map(Number)
  const [d = 0, h = 0, m = 0, s = 0] = parts
  const date = new Date(0)
  date.setUTCFullYear(full, index, d)
  date.setUTCHours(h, m, s)
  // A day or an hour that does not exist has moved the date on.
  return h < 24 && m < 60 && s < 60 && date.getUTCDate() === d && date.getUTCMonth() === index ? date : null
}
