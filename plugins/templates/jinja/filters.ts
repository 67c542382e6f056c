/**
 * Filters that nunjucks lacks, or that give something else than Jinja2's.
 *
 * @module
 */

import { toUSVString } from 'node:util'
import { listFilters } from './list-filters.ts'
import type { Runtime } from './runtime.ts'
import { isKeywords } from './signatures.ts'
import { strip } from './members.ts'
import { escapeHTML, formatText } from './text.ts'

/** A filter: the value, then its arguments. */
export type Filter = (value: unknown, ...rest: never[]) => unknown

export function filters (runtime: Runtime): Record<string, Filter> {
  return { ...textFilters(runtime), ...markupFilters(runtime), ...listFilters(runtime) }
}

function textFilters ({ isSafe, safe, plain, html, truth }: Runtime): Record<string, Filter> {
  const text = (value: unknown) => String(plain(value) ?? '')
  /** What a safe text becomes stays safe. */
  const keep = (value: unknown, result: string) => isSafe(value) ? safe(result) : result
  const fallback: Filter = (value, instead: unknown = '', boolean: unknown = false) =>
    (boolean === true ? truth(value) : value !== undefined) ? value : instead
  return {
    d: fallback,
    default: fallback,
    filesizeformat: (value, binary = false) => fileSize(Number(value), binary),
    format (value, ...rest: unknown[]) {
      const values = isKeywords(rest[0]) ? [rest[0]] : rest
      return isSafe(value) ? safe(formatText(value.val, values.map(html))) : formatText(text(value), values)
    },
    indent (value, width: number | string = 4, first = false, blank = false) {
      const space = typeof width === 'number' ? ' '.repeat(width) : width
      const lines = text(value).split('\n')
        .map((line, index) => (index > 0 || first) && (blank || line !== '') ? space + line : line)
      return keep(value, lines.join('\n'))
    },
    pprint: value => JSON.stringify(plain(value), null, 2),
    title: value => keep(value, text(value).replace(/[^\s\-([{<]+/g,
      word => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())),
    trim: (value, characters?: string) => keep(value, strip(text(value), characters, true, true)),
    truncate (value, length = 255, killwords = false, end = '...', leeway = 5) {
      const whole = text(value)
      if (whole.length <= length + leeway) return value
      const cut = whole.slice(0, Math.max(0, length - end.length))
      const words = cut.lastIndexOf(' ') < 0 ? cut : cut.slice(0, cut.lastIndexOf(' '))
      return keep(value, (killwords ? cut : words) + end)
    },
    wordwrap: (value, width = 79, breakLong = true, by = '\n') => keep(value,
      text(value).split('\n').map(line => wrap(line, width, breakLong).join(by)).join(by))
  }
}

function markupFilters ({ isSafe, safe, plain, html }: Runtime): Record<string, Filter> {
  const escape: Filter = value => isSafe(value) ? value : safe(escapeHTML(String(value ?? '')))
  return {
    e: escape,
    escape,
    forceescape: value => safe(escapeHTML(String(plain(value) ?? ''))),
    safe: value => isSafe(value) ? value : safe(String(value ?? '')),
    string: value => isSafe(value) ? value : String(value ?? ''),
    // Safe inside of script elements and of attributes in single quotes, as in Jinja2.
    tojson: (value, indent?: number) => safe((JSON.stringify(plain(value), null, indent) ?? 'null')
      .replace(/[<>&'\u2028\u2029]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)),
    urlencode: value => typeof plain(value) === 'string' || typeof value !== 'object' || value === null
      ? encode(String(plain(value) ?? ''), '/')
      : (Array.isArray(value) ? value as [unknown, unknown][] : Object.entries(value))
          .map(pair => pair.map(part => encode(String(plain(part)), '')).join('=')).join('&'),
    xmlattr (value, autospace = true) {
      const given = Object.entries(Object(value)).filter(([, item]) => item !== undefined && item !== null)
      const attributes = given.map(([name, item]) => {
        if (/[\s/>=]/.test(name)) throw new TypeError(`invalid character in attribute name: ${JSON.stringify(name)}`)
        return `${escapeHTML(name)}="${html(item)}"`
      })
      return safe((autospace && attributes.length > 0 ? ' ' : '') + attributes.join(' '))
    }
  }
}

function encode (text: string, kept: string): string {
  const encoded = encodeURIComponent(toUSVString(text))
    .replace(/[!'()*]/g, one => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  return kept === '/' ? encoded.replaceAll('%2F', '/') : encoded.replaceAll('%20', '+')
}

function fileSize (bytes: number, binary: boolean): string {
  const base = binary ? 1024 : 1000
  if (bytes === 1) return '1 Byte'
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`
  const units = [...'kMGTPEZY']
  const power = Math.min(units.findIndex((_unit, index) => bytes < base ** (index + 2)) >>> 0, units.length - 1)
  const letter = String(units[power])
  const unit = binary ? `${letter.toUpperCase()}iB` : `${letter}B`
  return `${(bytes / base ** (power + 1)).toFixed(1)} ${unit}`
}

function wrap (line: string, width: number, breakLong: boolean): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (longer.length <= width) {
      current = longer
      continue
    }
    if (current !== '') lines.push(current)
    current = word
    if (!breakLong) continue
    for (; current.length > width; current = current.slice(width)) lines.push(current.slice(0, width))
  }
  return [...lines, current]
}
