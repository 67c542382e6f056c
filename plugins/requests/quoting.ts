/**
 * Percent-decoding as yarl and `urllib.parse` do it: what is not valid stays as it came.
 *
 * @module
 */

import { decoder } from './charset.ts'

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
    const length = characterLength(bytes, start)
    const taken = Math.max(length, 1)
    const raw = run.slice(start * 3, (start + taken) * 3)
    const character = length === 0 ? raw : bytes.toString('utf8', start, start + length)
    text += reserved.includes(character) ? raw.toUpperCase() : character
    start += taken
  }
  return text
}

/** How many bytes the UTF-8 character has that begins here (RFC 3629, section 4); 0 when none does. */
function characterLength (bytes: Buffer, start: number): number {
  const lead = bytes[start] ?? 0
  if (lead < 0x80) return 1
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
  for (let index = 1; index < length; index++) {
    const byte = bytes[start + index] ?? 0
    // Neither longer than need be, nor half of a pair, nor beyond Unicode.
    const least = index > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const most = index > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    if (byte < least || byte > most) return 0
  }
  return length
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
    run => decode(Buffer.from(run.replaceAll('%', ''), 'hex')))
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
