/**
 * Several bodies in one (RFC 2046, section 5.1), read while they are sent: a file never is in memory as a whole.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { bytesOf, streamPayload } from './body-payload.ts'
import type { Payload } from '../types.ts'

/** A part and the headers it is sent with. */
export interface Part {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly payload: Payload
}

const lineBreak = Buffer.from('\r\n')

/** The whole as a body; its length is known when that of each part is. */
export function multipartPayload (subtype: string, parts: readonly Part[]): Payload {
  const boundary = randomUUID().replaceAll('-', '')
  const pieces = parts.map(({ headers, payload }) => {
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    return { head: Buffer.from(`--${boundary}\r\n${lines}\r\n`), payload }
  })
  const end = Buffer.from(`--${boundary}--\r\n`)
  let length: number | null = end.length
  for (const { head, payload } of pieces) {
    if (length === null || payload.length === null) length = null
    else length += head.length + payload.length + lineBreak.length
  }
  async function * open (): AsyncGenerator<Buffer, void, void> {
    for (const { head, payload } of pieces) {
      yield head
      yield * bytesOf(payload.body)
      yield lineBreak
    }
    yield end
  }
  const replayable = parts.every(({ payload }) => payload.replayable)
  const close = async () => { for (const { payload } of parts) await payload.close() }
  return streamPayload({ open, length, type: `multipart/${subtype}; boundary=${boundary}`, replayable, close })
}
