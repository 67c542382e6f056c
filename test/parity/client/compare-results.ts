/**
 * What the caller got: results and errors.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import type { Spec } from './case.ts'
import { keysOf, type Differ } from './compare.ts'
import { isShownError, type ShownError } from './failure.ts'
import { isSpec } from './values.ts'

/** Classes of the client that an error's ancestors can be compared by; the rest of them are Python's own. */
const clientClass = /^(Client|Server|Connection(TimeoutError)|Socket(TimeoutError)|ContentType|TooMany|WSServer|Invalid|NonHttp|RedirectClient|UnixClient)/

/** One entry for each step. */
export function compareResults (expected: readonly unknown[], got: readonly unknown[], differ: Differ): void {
  for (let at = 0; at < Math.max(expected.length, got.length); at++) {
    compareValue(`result ${at + 1}`, expected[at], got[at], differ)
  }
}

function compareValue (where: string, expected: unknown, got: unknown, differ: Differ): void {
  if (isError(expected)) return compareError(where, expected, got, differ)
  if (isShownError(got)) return differ(where, expected, summary(got))
  if (Array.isArray(expected) && Array.isArray(got)) return compareLists(where, expected, got, differ)
  if (isSpec(expected) && isSpec(got)) {
    for (const key of keysOf(expected, got)) compareMember(`${where}.${key}`, key, expected[key], got[key], differ)
    return
  }
  if (!isDeepStrictEqual(got, expected)) differ(where, expected, got)
}

function compareLists (where: string, expected: unknown[], got: unknown[], differ: Differ): void {
  if (expected.length !== got.length) return differ(where, expected, got)
  for (const [at, value] of expected.entries()) compareValue(`${where}[${at}]`, value, got[at], differ)
}

function compareMember (where: string, key: string, expected: unknown, got: unknown, differ: Differ): void {
  if (isUrl(key) && typeof expected === 'string' && typeof got === 'string') {
    if (withSlash(expected) !== withSlash(got)) differ(where, expected, got)
  } else if (key === 'header' && typeof expected === 'string' && typeof got === 'string') {
    if (!isDeepStrictEqual(cookiePairs(got), cookiePairs(expected))) differ(where, expected, got)
  } else if (key === 'exception' && typeof expected === 'string' && isSpec(got)) {
    if (!(got.is as string[]).includes(expected)) differ(where, expected, got.is)
  } else compareValue(where, expected, got, differ)
}

function isUrl (key: string): boolean {
  return key === 'url' || key === 'real_url'
}

/** An origin alone may come without its slash. */
function withSlash (url: string): string {
  return url.replace(/^(\{(?:http|alt|tls|expired|proxy|closed|stall|mute)\}|https?:\/\/[^/?#]+)(?=$|[?#])/, '$1/')
}

/** The pairs of a Cookie header in an order of their own. */
export function cookiePairs (header: string): string[] {
  return header.split(/;\s*/).sort()
}

/** An error as it was recorded. */
interface RecordedError {
  readonly class: string
  readonly bases?: readonly string[]
  readonly message?: string
  readonly attrs?: Spec
  readonly cause?: readonly string[]
  readonly code?: number
}

function isError (value: unknown): value is RecordedError {
  return isSpec(value) && typeof value.class === 'string' && !('errno' in value || 'verify_code' in value)
}

function compareError (where: string, expected: RecordedError, got: unknown, differ: Differ): void {
  if (!isShownError(got)) return differ(where, summaryOf(expected), got)
  if (!got.is.includes(expected.class)) return differ(`${where} (class)`, summaryOf(expected), summary(got))
  for (const base of expected.bases ?? []) {
    if (clientClass.test(base) && !got.is.includes(base)) differ(`${where} (ancestors)`, base, got.is)
  }
  // A parser's words are its own.
  const free = expected.attrs?.status === 400 && expected.cause !== undefined ? ['message', 'headers'] : []
  for (const key of keysOf(expected.attrs ?? {}, got.attrs)) {
    if (free.includes(key)) continue
    compareAttribute(`${where} (${key})`, expected.attrs?.[key], got.attrs[key], differ)
  }
  const { code } = got as ShownError & { code?: number }
  if (expected.code !== undefined && code !== expected.code) differ(`${where} (code)`, expected.code, code)
  compareCause(where, expected.cause ?? [], got, differ)
}

function compareAttribute (where: string, expected: unknown, got: unknown, differ: Differ): void {
  if (isSpec(expected) && isSpec(got)) {
    for (const key of keysOf(expected)) {
      // OpenSSL's and Node's words for one thing.
      if (key !== 'verify_message') compareMember(`${where}.${key}`, key, expected[key], got[key], differ)
    }
  } else if (!isDeepStrictEqual(got, expected)) differ(where, expected, got)
}

/** What Python's own machinery raises inside of a limit or a check; other languages have nothing there. */
const internal = ['AssertionError', 'CancelledError', 'TimeoutError', 'ValueError']

/** The operating system's errors have a counterpart; a parser's need only be there. */
function compareCause (where: string, expected: readonly string[], got: ShownError, differ: Differ): void {
  const [first] = expected
  if (first === undefined || internal.includes(first)) return
  const names = got.cause[0]
  if (names === undefined) return differ(`${where} (cause)`, expected, '(none)')
  const counterpart = /^(gaierror|ConnectionRefusedError|ConnectionResetError|FileNotFoundError|SSLError|SSLCertVerificationError)$/
  if (counterpart.test(first) && !names.includes(first)) differ(`${where} (cause)`, expected, got.cause)
}

function summaryOf ({ class: name, message, attrs }: RecordedError): Spec {
  return { class: name, message, ...(attrs !== undefined && { attrs }) }
}

function summary ({ is, message, attrs, cause }: ShownError): Spec {
  return { class: is[0], message, attrs, ...(cause.length > 0 && { cause }) }
}
