/**
 * The Cookie header, read as leniently as aiohttp does: odd names, quoted values, unclosed quotes.
 *
 * RFC 6265 has no attributes in a Cookie header: `path` is a name like any other. A later cookie of one name wins,
 * an item nobody can read is skipped and costs nothing but itself. One pass, in linear time.
 *
 * @module
 */

// aiohttp's pattern, without its dates: a value ends at a blank or a semicolon, and may be quoted.
const name = '[\\w!#%&\'~`><@,:/$*+.^|)(?}{[\\]-]+'
const word = '[\\w!#%&\'~`><@,:/$*+.^|)(?}{=[\\]-]*'
const blank = '[ \\t\\n\\r\\f\\v]'
const dates = `(?:\\w{3,6}day|\\w{3}),${blank}[\\w \\t-]{9,11}${blank}[\\d:]{8}${blank}(?:GMT|[+-]\\d{4})`
const quoted = '"(?:[^\\\\"]|\\\\.)*"'
const unclosed = '"[^";]*'
const cookie = new RegExp(
  `${blank}*(${name})(?:${blank}*=${blank}*(${quoted}|${unclosed}|${dates}|${word}))?(?:${blank}*;|${blank}+|$)`, 'y')
const validName = /^[!#$%&'()*+\-./0-9:<=>?@A-Z[\]^_`a-z{|}~]+$/
const escape = /\\(?:([0-3][0-7][0-7])|(.))/g

/** The cookies of a header; the object has no prototype, so no name can hurt. */
export function parseCookies (header: string): Readonly<Record<string, string>> {
  const cookies: Record<string, string> = Object.create(null)
  // A sticky expression holds a position: one for each call.
  const pattern = new RegExp(cookie)
  while (pattern.lastIndex < header.length) {
    const position = pattern.lastIndex
    const match = pattern.exec(header)
    if (match !== null) {
      if (validName.test(match[1] ?? '')) cookies[match[1] ?? ''] = unquote(match[2] ?? '')
      continue
    }
    // Something no cookie looks like: take it apart at the next semicolon, and go on behind that.
    const semicolon = header.indexOf(';', position)
    const end = semicolon === -1 ? header.length : semicolon
    const equals = header.slice(position, end).indexOf('=')
    if (equals !== -1) {
      const key = header.slice(position, position + equals).trim()
      if (validName.test(key)) cookies[key] = unquote(header.slice(position + equals + 1, end).trim())
    }
    pattern.lastIndex = end + 1
  }
  return Object.freeze(cookies)
}

/** Takes the quotes off, and resolves what is escaped in them (`\"`, `\073`). */
function unquote (value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value
  return value.slice(1, -1).replace(escape, (_, octal: string | undefined, character: string | undefined) =>
    octal === undefined ? character ?? '' : String.fromCharCode(parseInt(octal, 8)))
}
