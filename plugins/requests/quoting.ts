/**
 * Percent-decoding as yarl and `urllib.parse` do it: what is not valid stays as it came.
 *
 * @module
 */

import { decoder } from './charset.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encodedRun = /(?:%[0-9A-Fa-f]{2})+/g

/** How `unquote()` treats plus signs. */
export type Plus = 'keep' | 'space'

/**
 * Decodes each percent-encoded UTF-8 character; bytes that are none stay percent-encoded.
 *
 * `reserved` characters stay encoded too, such as `&` in a query string that is shown as one text.
 */
export function unquote (text: string, plus: Plus = 'keep', reserved = ''): string {
  const spaced = plus === 'space' ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  return spaced.replace(encodedRun, run => unquoteRun(run, reserved))
}

/** Decodes a run of `%XX`, character by character. */
function unquoteRun (run: string, reserved: string): string {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex')
  let text = ''
  for (let start = 0; start < bytes.length;) {
    const length = characterLength(bytes[start] ?? 0)
    const character = decodeCharacter(bytes.subarray(start, start + length), length)
    const taken = character === undefined ? 1 : length
    const raw = run.slice(start * 3, (start + taken) * 3)
    if (character === undefined) text += raw
    else text += reserved.includes(character) ? raw.toUpperCase() : character
    start += taken
  }
  return text
}

/** How many bytes the UTF-8 character has that begins with this one; 0 when none does. */
function characterLength (lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2) return 0
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
}

function decodeCharacter (bytes: Buffer, length: number): string | undefined {
  if (length === 0 || bytes.length < length) return undefined
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** Name and value of each part of a query string; a name alone has an empty value. */
export function * queryPairs (query: string): Generator<[name: string, value: string]> {
  if (query === '') return
  for (const item of query.split('&')) {
    const equals = item.indexOf('=')
    const name = equals === -1 ? item : item.slice(0, equals)
    yield [unquote(name, 'space'), equals === -1 ? '' : unquote(item.slice(equals + 1), 'space')]
  }
}

/**
 * Name and value of each field of an urlencoded form, in any charset; bytes that are invalid in it become U+FFFD,
 * empty items count for nothing (urllib.parse.parse_qsl with blank values kept).
 */
export function * formPairs (form: string, charset = 'utf-8'): Generator<[name: string, value: string]> {
  const decode = decoder(charset)
  const decoded = (text: string) => text.replaceAll('+', ' ').replace(encodedRun,
    run => decode.decode(Buffer.from(run.replaceAll('%', ''), 'hex')))
  let start = 0
  while (start <= form.length) {
    const next = form.indexOf('&', start)
    const end = next === -1 ? form.length : next
    const item = form.slice(start, end)
    start = end + 1
    if (item === '') continue
    const equals = item.indexOf('=')
    if (equals === -1) yield [decoded(item), '']
    else yield [decoded(item.slice(0, equals)), decoded(item.slice(equals + 1))]
  }
}
