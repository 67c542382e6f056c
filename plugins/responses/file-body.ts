/**
 * An open file as a body: type, length and name come from the file.
 *
 * @module
 */

import type { ReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Headers } from '../../lib/headers.ts'
import { contentTypeOf } from './file-types.ts'

/** Fills in what the headers do not say yet. Throws what the file system says when there is no such file. */
export async function describeFile (file: ReadStream, headers: Headers): Promise<void> {
  const name = path.basename(String(file.path))
  const { size } = await stat(file.path)
  const type = headers.get('content-type')
  if (type === null || type === 'application/octet-stream') headers.set('content-type', contentTypeOf(name))
  if (!headers.has('content-disposition')) headers.set('content-disposition', attachment(name))
  if (!headers.has('content-encoding') && !headers.has('content-length')) headers.set('content-length', size)
}

/** A name beyond ASCII goes out in both notations (RFC 6266, appendix D). */
function attachment (name: string): string {
  const quoted = name.replace(/["\\]/g, character => `\\${character}`)
  if (/^[\x20-\x7e]*$/.test(name)) return `attachment; filename="${quoted}"`
  const encoded = encodeURIComponent(name).replace(/['()*]/g, character => `%${character.charCodeAt(0).toString(16)}`)
  return `attachment; filename*=utf-8''${encoded}`
}
