/**
 * What a request asks of a file: conditions, a range, and the encodings it takes.
 *
 * As aiohttp answers them, except that `bytes=-0` asks for nothing, an If-Range with an entity tag is looked at, and
 * the quality values of Accept-Encoding count.
 *
 * @module
 */

import type { IncomingHttpHeaders } from 'node:http'
import { parseETags, parseHttpDate, type ETag } from '../../lib/conditions.ts'
import { parseQualities } from './compression.ts'
import type { FileFacts } from './file-facts.ts'

/** A part of a file: the first byte and the one behind the last. */
export interface FileRange {
  readonly start: number
  readonly end: number
}

/** An encoding a compressed file beside the file may have. */
export type FileEncoding = 'br' | 'gzip'

/** All of them, the better one first. */
export const fileEncodings: readonly FileEncoding[] = ['br', 'gzip']

/** The status the conditions lead to (RFC 9110, section 13.2.2): 412, 304, or 200 for going on. */
export function preconditions (headers: IncomingHttpHeaders, { etag, mtime }: FileFacts): 200 | 304 | 412 {
  const match = parseETags(headers['if-match'])
  if (match !== null) {
    if (!matches(match, etag, tag => !tag.isWeak)) return 412
  } else if (isBefore(parseHttpDate(headers['if-unmodified-since']), mtime)) {
    return 412
  }
  // The usual case by far, a browser that asks for the one tag it knows.
  if (headers['if-none-match'] === etag) return 304
  const noneMatch = parseETags(headers['if-none-match'])
  if (noneMatch !== null) return matches(noneMatch, etag, () => true) ? 304 : 200
  const since = parseHttpDate(headers['if-modified-since'])
  return since === null || isBefore(since, mtime) ? 200 : 304
}

const bytes = /^bytes=(\d*)-(\d*)$/

/**
 * The part of a file a request asks for; `null` for the whole file, also when If-Range does not fit. Several ranges and
 * other units cannot be satisfied.
 */
export function fileRange (headers: IncomingHttpHeaders, facts: FileFacts): FileRange | 'unsatisfiable' | null {
  const { range, 'if-range': ifRange } = headers
  if (range === undefined || (ifRange !== undefined && !isCurrent(String(ifRange), facts))) return null
  const [, first = '', last = ''] = bytes.exec(range) ?? []
  if (first === '' && last === '') return 'unsatisfiable'
  const { size } = facts
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  return start < end ? { start, end } : 'unsatisfiable'
}

/** The encodings a client prefers to the file itself, best first; `br` goes first where it likes both the same. */
export function acceptedEncodings (header: string | string[] | undefined): readonly FileEncoding[] {
  const qualities = parseQualities(header)
  const floor = qualities.get('identity') ?? 0
  const qualityOf = (encoding: FileEncoding) => qualities.get(encoding) ?? 0
  return fileEncodings
    .filter(encoding => qualityOf(encoding) > 0 && qualityOf(encoding) >= floor)
    .sort((a, b) => qualityOf(b) - qualityOf(a))
}

/** `*` matches whatever there is. */
function matches (tags: readonly ETag[], etag: string, counts: (tag: ETag) => boolean): boolean {
  if (tags.length === 1 && tags[0]?.value === '*') return true
  return tags.some(tag => counts(tag) && `"${tag.value}"` === etag)
}

/** Whether the copy an If-Range speaks of is the file as it is now (RFC 9110, section 13.1.5). */
function isCurrent (ifRange: string, { etag, mtime }: FileFacts): boolean {
  if (/^(W\/)?"/.test(ifRange)) return ifRange === etag
  const date = parseHttpDate(ifRange)
  return date !== null && !isBefore(date, mtime)
}

function isBefore (date: Date | null, mtime: number): boolean {
  return date !== null && date.getTime() < mtime
}
