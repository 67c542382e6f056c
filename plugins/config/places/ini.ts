/**
 * The places of the keys of an INI file; lines that are neither a section nor a key are refused.
 *
 * @module
 */

import { SyntaxFault, type Place } from './place.ts'

/** @throws SyntaxFault at a line that is no `[section]`, no `key = value` and no comment */
export function iniPlaces (text: string): Place[] {
  const places: Place[] = []
  let section: readonly string[] = []
  for (const [index, content] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1
    const trimmed = content.trim()
    if (trimmed === '' || /^[;#]/.test(trimmed)) continue
    const header = /^\[([^\]]+)\]$/.exec(trimmed)
    const equals = trimmed.indexOf('=')
    if (header !== null) {
      section = (header[1] ?? '').trim().split('.')
      places.push({ path: section, line })
    } else if (equals > 0 && !trimmed.startsWith('[')) {
      const key = trimmed.slice(0, equals).trim()
      places.push({ path: [...section, key.replace(/^"(.*)"$/, '$1')], line })
    } else {
      throw new SyntaxFault('expected [section], key = value or a comment', line, content.length - content.trimStart().length + 1)
    }
    // Its parser leaves the key out without a word.
    if (places.at(-1)?.path.includes('__proto__')) throw new SyntaxFault('the key "__proto__" is not allowed', line, 1)
  }
  return places
}
