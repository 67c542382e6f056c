/**
 * Texts as Jinja2 and Python write them: escaped for HTML, and formatted.
 *
 * @module
 */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** Markup as text, with markupsafe's entities. */
export function escapeHTML (text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, character => entities[character] ?? character) : text
}

/** Python's `text % values`: `%s`, `%d`, `%05.2f`, `%x`, `%(name)s` and `%%`. */
export function formatText (text: string, values: readonly unknown[]): string {
  const rest = [...values]
  return text.replace(/%(?:\((\w+)\))?([-+0# ]*)(\d*)(?:\.(\d+))?([sdifeEgGxXor%])/g, (_all, ...groups) => {
    const [name, flags = '', width, precision, kind = 's'] = groups as (string | undefined)[]
    if (kind === '%') return '%'
    if (name === undefined && rest.length === 0) throw new TypeError('not enough arguments for format string')
    const value = name === undefined ? rest.shift() : Object(values[0])[name]
    return pad(convert(value, kind, precision, flags), flags, Number(width))
  })
}

function convert (value: unknown, kind: string, precision: string | undefined, flags: string): string {
  if (kind === 's' || kind === 'r') return String(value).slice(0, precision === undefined ? undefined : Number(precision))
  const number = Number(value)
  if (Number.isNaN(number)) throw new TypeError(`%${kind} format: a number is required`)
  const text = digits(number, kind, precision)
  return flags.includes('+') && number >= 0 ? `+${text}` : text
}

function digits (number: number, kind: string, precision: string | undefined): string {
  if (kind === 'f') return number.toFixed(Number(precision ?? 6))
  if (kind === 'e' || kind === 'E') {
    const text = number.toExponential(Number(precision ?? 6)).replace(/e([+-])(\d)$/, 'e$10$2')
    return kind === 'E' ? text.toUpperCase() : text
  }
  if (kind === 'g' || kind === 'G') return String(Number(number.toPrecision(Number(precision ?? 6))))
  const whole = Math.trunc(number)
  if (kind === 'o') return whole.toString(8)
  if (kind === 'x') return whole.toString(16)
  return kind === 'X' ? whole.toString(16).toUpperCase() : String(whole)
}

function pad (text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}

/** Python's `'{} {name}'.format()` with plain fields; keywords come as the last value. */
export function formatBraces (text: string, values: readonly unknown[]): string {
  let next = 0
  return text.replace(/\{\{|\}\}|\{(\w*)\}/g, (all, name) => {
    if (all === '{{' || all === '}}') return all.charAt(0)
    const key: string = name === '' ? String(next++) : name
    return String(/^\d+$/.test(key) ? values[Number(key)] : Object(values.at(-1))[key])
  })
}
