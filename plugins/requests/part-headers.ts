/**
 * The header block of a part: names are tokens, lines and their number are limited.
 *
 * @module
 */

import { invalidValue, token } from '../../lib/headers.ts'
import { HTTPBadRequest } from '../exceptions/index.ts'
import { MultiDict } from './multi-dict.ts'
import type { StreamReader } from './stream-reader.ts'

/** Limits of one header block. */
export interface HeaderLimits {
  /** Lines. */
  readonly maxHeaders: number
  /** Bytes of a line. */
  readonly maxFieldSize: number
}

/** Reads up to and with the empty line. @throws HTTPBadRequest when the block is too long, cut off or malformed */
export async function readPartHeaders (content: StreamReader, limits: HeaderLimits): Promise<MultiDict> {
  const fields: [name: string, value: string][] = []
  for (let count = 0; ; count++) {
    const bytes = await content.readline({ maxSize: limits.maxFieldSize + 2 })
    if (bytes.length === 0) throw new HTTPBadRequest({ text: 'The multipart body ends within the headers of a part' })
    const line = bytes.toString('utf8').replace(/\r?\n$/, '')
    if (line === '') return new MultiDict(fields, { ignoreCase: true })
    if (count >= limits.maxHeaders) throw new HTTPBadRequest({ text: 'Too many headers in a part' })
    const last = fields.at(-1)
    if (last !== undefined && /^[ \t]/.test(line)) last[1] = `${last[1]} ${line.trim()}`
    else fields.push(parseLine(line))
    if (invalidValue.test(fields.at(-1)?.[1] ?? '')) throw new HTTPBadRequest({ text: 'Invalid header value in a part' })
  }
}

function parseLine (line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon)
  if (colon === -1 || !token.test(name)) throw new HTTPBadRequest({ text: 'Invalid header in a part' })
  return [name, line.slice(colon + 1).trim()]
}
