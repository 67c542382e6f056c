/**
 * Content-Type, read as tolerantly as Python's email parser does.
 *
 * @module
 */

/** A media type, taken apart. */
export interface ContentType {
  /** In lower case; `application/octet-stream` when there is none or it is malformed. */
  readonly type: string
  /** Under lower-case names; the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Takes a Content-Type header apart; parameters are read even where the type is malformed. */
export function parseContentType (header: string | undefined): ContentType {
  const [first = '', ...rest] = splitParameters(header ?? '')
  const type = first.trim().toLowerCase()
  const parameters = new Map<string, string>()
  for (const item of rest) {
    const equals = item.indexOf('=')
    if (equals === -1) continue
    const name = item.slice(0, equals).trim().toLowerCase()
    const value = unquoteString(item.slice(equals + 1).trim())
    if (name !== '' && value !== '' && !parameters.has(name)) parameters.set(name, value)
  }
  return { type: type.split('/').length === 2 ? type : 'application/octet-stream', parameters }
}

/** Splits at semicolons that are not inside of quotes; one pass, whatever comes. */
function splitParameters (text: string): string[] {
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '\\' && quoted) index++
    else if (character === '"') quoted = !quoted
    else if (character === ';' && !quoted) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

function unquoteString (value: string): string {
  if (!value.startsWith('"')) return value
  const end = value.length > 1 && value.endsWith('"') ? -1 : undefined
  return value.slice(1, end).replace(/\\(.)/g, '$1')
}
