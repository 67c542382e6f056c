/**
 * Whether an answer is the recorded one, by the rules of the recording.
 *
 * Status, phrase, the exact set of headers and the body count; the order of different headers, sizes of chunks,
 * the spacing of JSON, the order of cookie attributes and what every server says of itself do not.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync, inflateSync } from 'node:zlib'
import type { PlainAnswer, PlainVector, RawAnswer, RawVector } from './vectors.ts'
import { bytesOf, type Blob } from './wire.ts'

type Differ = (what: string, expected: unknown, got: unknown) => void
type Field = string | string[] | undefined

/** Not compared, unless the vector names them. */
const volatile = ['connection', 'date', 'keep-alive', 'server']

/** What differs, one line each. */
export function compare ({ request, response: expected }: PlainVector, actual: PlainAnswer): string[] {
  const [differences, differ] = collect()
  if (actual.status !== expected.status) differ('status', expected.status, actual.status)
  if (expected.reason !== null && actual.reason !== expected.reason) differ('reason', expected.reason, actual.reason)
  if (actual.stray.length > 0) differ('bytes after the response', undefined, actual.stray.toString('latin1'))

  const fields = new Map<string, string[]>()
  for (const [name, value] of actual.headers) fields.set(name, [...fields.get(name) ?? [], value])
  const bodiless = request.method === 'HEAD' || expected.status === 204 || expected.status === 304
  compareHeaders(expected, fields, bodiless, differ)
  compareBody(expected, actual.body, String(fields.get('content-encoding')), differ)
  return differences
}

/** What differs in the life of a connection, one line each. */
export function compareRaw ({ response: expected }: RawVector, actual: RawAnswer): string[] {
  const [differences, differ] = collect()
  const { bodies, closes, status, statuses = status === null ? [] : [status], truncated = false } = expected
  if (!isDeepStrictEqual(actual.statuses, statuses)) differ('statuses', statuses, actual.statuses)
  if (actual.closes !== closes) differ('closes', closes, actual.closes)
  if (actual.truncated !== truncated) differ('truncated', truncated, actual.truncated)
  if (bodies !== undefined && !isDeepStrictEqual(actual.bodies, bodies)) differ('bodies', bodies, actual.bodies)
  return differences
}

function collect (): [string[], Differ] {
  const differences: string[] = []
  return [differences, (what, expected, got) => {
    differences.push(`${what}: expected ${show(expected)}, got ${show(got)}`)
  }]
}

function show (value: unknown): string {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value)
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length} characters)` : text
}

function compareHeaders (
  { body, headers, present = [] }: PlainVector['response'], fields: Map<string, string[]>, bodiless: boolean,
  differ: Differ
): void {
  const ignored = new Set(present)
  if ('text' in body && body.text === '' && !bodiless) ignored.add('content-length').add('transfer-encoding')
  for (const name of volatile) if (!(name in headers)) ignored.add(name)

  for (const name of present) if (!fields.has(name)) differ(`header ${name}`, '(any value)', undefined)
  for (const name of new Set([...Object.keys(headers), ...fields.keys()])) {
    if (ignored.has(name)) continue
    const values = fields.get(name)
    const got: Field = values?.length === 1 ? values[0] : values
    const want = headers[name]
    const same = name === 'set-cookie' && want !== undefined && got !== undefined
      ? isDeepStrictEqual(cookies(want), cookies(got))
      : isDeepStrictEqual(got, want)
    if (!same) differ(`header ${name}`, want, got)
  }
}

/** Set-Cookie: the order and the case of the attributes do not matter, nor does the order of the cookies. */
function cookies (lines: string | readonly string[]): string[] {
  return [lines].flat().map(line => {
    const [pair, ...attributes] = line.split(/;\s*/)
    const canonical = attributes.map(attribute => attribute.replace(/^[^=]+/, name => name.toLowerCase()))
    return [pair, ...canonical.sort()].join('; ')
  }).sort()
}

function compareBody (
  { body: want, decoded = false }: PlainVector['response'], wire: Buffer, coding: string, differ: Differ
): void {
  const body = decoded ? decode(wire, coding) : wire
  if (body === undefined) differ('body', `valid ${coding}`, wire.toString('base64'))
  else if ('json' in want) compareJSON(want.json, body.toString(), differ)
  else if ('hrefs' in want) {
    const got = [...new Set(Array.from(body.toString().matchAll(/href="([^"]*)"/g), ([, href]) => href))].sort()
    if (!isDeepStrictEqual(got, [...want.hrefs].sort())) differ('links of the body', want.hrefs, got)
  } else if ('sha256' in want) {
    const got = { sha256: createHash('sha256').update(body).digest('hex'), length: body.length }
    if (!isDeepStrictEqual(got, want)) differ('body', want, got)
  } else compareBytes(want, body, differ)
}

function compareBytes (want: Blob, body: Buffer, differ: Differ): void {
  if (body.equals(bytesOf(want))) return
  if ('text' in want) differ('body', want.text, body.toString())
  else differ('body (base64)', want.base64, body.toString('base64'))
}

function compareJSON (want: unknown, text: string, differ: Differ): void {
  const got = parse(text)
  if (isDeepStrictEqual(got, want)) return
  if (!isObject(got) || !isObject(want)) return differ('body', want, got ?? text)
  for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
    if (!isDeepStrictEqual(got[key], want[key])) differ(`body, member ${key}`, want[key], got[key])
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Undoes a coding; nothing when the bytes are not of it. */
function decode (body: Buffer, coding: string): Buffer | undefined {
  if (body.length === 0) return body
  try {
    return coding === 'gzip' ? gunzipSync(body) : coding === 'deflate' ? inflateSync(body) : body
  } catch {
    return undefined
  }
}
