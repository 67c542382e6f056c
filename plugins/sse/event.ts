/**
 * One server-sent event as text (WHATWG HTML, section 9.2.6).
 *
 * @module
 */

import { describe } from '../../lib/options.ts'
import { AIO_ERR_EVENT_FIELD } from './errors.ts'

/** One event. At least one field has to be there. */
export interface ServerSentEvent {
  /** A string is sent as it is, anything else as JSON. */
  data?: unknown
  /** What the client sends back as `Last-Event-ID` when it connects again. Line breaks and NUL are left out. */
  id?: string | number | undefined
  /** The name that listeners listen for; `message` when left out. Line breaks are left out. */
  event?: string | undefined
  /** How long the client waits before it connects again, in milliseconds. */
  retry?: number | undefined
}

/** What ends a line. */
export type EventSeparator = '\r\n' | '\n' | '\r'

const known = ['data', 'id', 'event', 'retry']

/**
 * Writes an event down.
 *
 * @throws AIO_ERR_EVENT_FIELD for a field that is unknown or of the wrong type
 */
export function encodeEvent (event: ServerSentEvent, separator: EventSeparator): string {
  const unknown = Object.keys(event).find(key => !known.includes(key))
  if (unknown !== undefined) throw new AIO_ERR_EVENT_FIELD(unknown, `one of ${known.join(', ')}`, 'an unknown field')
  const { id, event: name, retry } = event
  const lines: string[] = []
  if (id !== undefined) lines.push(`id: ${oneLine('id', id, typeof id === 'number')}`)
  if (name !== undefined) lines.push(`event: ${oneLine('event', name, false)}`)
  if (event.data !== undefined) lines.push(...textOf(event.data).split(/\r\n|\r|\n/).map(line => `data: ${line}`))
  if (retry !== undefined) lines.push(`retry: ${checkRetry(retry)}`)
  if (lines.length === 0) throw new AIO_ERR_EVENT_FIELD('data', 'at least one field', 'none')
  return lines.join(separator) + separator + separator
}

/** A line break would begin another field, and let whoever chose the value write it. */
function oneLine (field: string, value: unknown, isNumber: boolean): string {
  if (!isNumber && typeof value !== 'string') throw new AIO_ERR_EVENT_FIELD(field, 'a string', describe(value))
  return String(value).replace(/[\r\n\0]/g, '')
}

function checkRetry (retry: unknown): number {
  if (Number.isSafeInteger(retry) && Number(retry) >= 0) return Number(retry)
  throw new AIO_ERR_EVENT_FIELD('retry', 'a whole number of milliseconds', describe(retry))
}

function textOf (data: unknown): string {
  if (typeof data === 'string') return data
  const text = JSON.stringify(data) as string | undefined
  if (text === undefined) throw new AIO_ERR_EVENT_FIELD('data', 'a string or what JSON can hold', describe(data))
  return text
}
