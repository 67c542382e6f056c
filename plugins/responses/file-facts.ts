/**
 * What headers say of a file: its size, its time and the tag made of both.
 *
 * @module
 */

import type { BigIntStats } from 'node:fs'

/** Size and time of a file, as headers have them. */
export interface FileFacts {
  /** In bytes. */
  readonly size: number
  /** Time of the last change in milliseconds since 1970, with its fraction. */
  readonly mtime: number
  /** A strong entity tag: `"<mtime in nanoseconds, hexadecimal>-<size, hexadecimal>"`, as aiohttp makes it. */
  readonly etag: string
  /** The time as an HTTP date, rounded up to a whole second. */
  readonly lastModified: string
}

/** Works them out of what `stat()` says with `bigint: true`. */
export function fileFacts ({ mtimeNs, size }: Pick<BigIntStats, 'mtimeNs' | 'size'>): FileFacts {
  const second = 1_000_000_000n
  const mtime = Number(mtimeNs / second) * 1000 + Number(mtimeNs % second) / 1e6
  return {
    size: Number(size),
    mtime,
    etag: `"${mtimeNs.toString(16)}-${size.toString(16)}"`,
    lastModified: new Date(Math.ceil(mtime / 1000) * 1000).toUTCString()
  }
}
