/**
 * Reason phrases: aiohttp's where Node has a newer word, and the check of one's own.
 *
 * @module
 */

import { STATUS_CODES } from 'node:http'
import { AIO_ERR_REASON } from './errors.ts'
import { describe } from './options.ts'

/** Where Python's phrase is not Node's. */
const python: Readonly<Record<number, string>> = {
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  416: 'Requested Range Not Satisfiable'
}

// RFC 9112, section 4: what a reason phrase may hold
const invalid = /[^\t\x20-\x7e\x80-\xff]/

/** The usual phrase of a status as aiohttp says it; empty for a status nobody named. */
export function reasonPhrase (status: number): string {
  return python[status] ?? STATUS_CODES[status] ?? ''
}

/** Whether Node would write another phrase; an empty one it never writes. */
export function needsReason (status: number, reason: string): boolean {
  return reason !== (STATUS_CODES[status] ?? '')
}

/**
 * The phrase itself when it can be sent.
 *
 * @throws AIO_ERR_REASON on CR, LF and other characters that would break the status line
 */
export function checkReason (reason: string): string {
  if (typeof reason !== 'string' || invalid.test(reason)) throw new AIO_ERR_REASON(describe(reason))
  return reason
}
