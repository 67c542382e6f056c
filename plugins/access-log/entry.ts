/**
 * What the atoms of a format read: one request that was answered, or that could not even be read.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'

/** One line of the log, before it is one. */
export interface Entry {
  /** Address of the client; `undefined` when it is gone. */
  readonly remote: string | undefined
  readonly method: string
  /** Path and query as they came. */
  readonly url: string
  /** `1.1`, `2.0`. */
  readonly version: string
  readonly status: number
  /** Bytes sent, the head included; `undefined` when they cannot be told. */
  readonly size: number | undefined
  /** Milliseconds since 1970 when the head had come. */
  readonly start: number
  /** Milliseconds it took. */
  readonly time: number
  readonly requestHeaders: IncomingMessage['headers']
  /** A header of the response. */
  responseHeader (name: string): number | string | string[] | undefined
}

// Control characters (C0, DEL, C1), line separators, and what ends a field
const dangerous = /[\p{Cc}"\\\u2028\u2029]/u
const all = new RegExp(dangerous, 'gu')

/** Text of a client for a line: nobody can end it, begin another, or move a terminal's cursor. */
export function escapeText (text: string): string {
  return dangerous.test(text) ? text.replace(all, escapeCharacter) : text
}

function escapeCharacter (character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  const code = character.charCodeAt(0)
  return code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, '0')}`
}
