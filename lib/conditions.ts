/**
 * Entity tags and dates of conditional requests (RFC 9110, section 13), as aiohttp reads them.
 *
 * @module
 */

/** An entity tag. */
export interface ETag {
  readonly value: string
  readonly isWeak: boolean
}

/** The tags of If-Match or If-None-Match up to the first that is malformed; `null` without the header. */
export function parseETags (header: string | undefined): readonly ETag[] | null {
  if (header === undefined || header === '') return null
  if (header === '*') return [{ value: '*', isWeak: false }]
  const tags: ETag[] = []
  const pattern = /(W\/)?"([!#-~\x80-\uffff]+)"(?:\s*,\s*|$)/y
  for (let match = pattern.exec(header); match !== null; match = pattern.exec(header)) {
    tags.push({ value: match[2] ?? '', isWeak: match[1] !== undefined })
    if (pattern.lastIndex >= header.length) break
  }
  return tags
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
  // As in Python's email package: of the years below 100, 69 to 99 are of the last century.
  const full = Number(year) > 99 ? Number(year) : Number(year) + (Number(year) > 68 ? 1900 : 2000)
  const parts: readonly number[] = [day, hour, minute, second].map(Number)
  const [d = 0, h = 0, m = 0, s = 0] = parts
  const date = new Date(0)
  date.setUTCFullYear(full, index, d)
  date.setUTCHours(h, m, s)
  // A day or an hour that does not exist has moved the date on.
  return h < 24 && m < 60 && s < 60 && date.getUTCDate() === d && date.getUTCMonth() === index ? date : null
}
