/**
 * The Forwarded header (RFC 7239), tolerant of elements nobody can read.
 *
 * Says what proxies wrote, true or not: whether to believe it is for the app to know.
 *
 * @module
 */

const token = '[!#$%&\'*+.^_`|~0-9A-Za-z-]+'
const pair = new RegExp(`(${token})=(${token}|"(?:\\\\[\\t !-~]|[\\t !#-\\[\\]-~])*")(:\\d{1,4})?`, 'y')

/** One element for each proxy, names in lower case; the objects have no prototype. */
export function parseForwarded (headers: readonly string[]): readonly Readonly<Record<string, string>>[] {
  return headers.flatMap(parseElements)
}

function parseElements (text: string): Record<string, string>[] {
  const pattern = new RegExp(pair)
  let element: Record<string, string> = Object.create(null)
  const elements = [element]
  let needsSeparator = false
  let position = 0
  // -1: there is no further comma to go on at.
  while (position >= 0 && position < text.length) {
    pattern.lastIndex = position
    const match = pattern.exec(text)
    const character = text[position]
    if (match !== null && !needsSeparator) {
      element[(match[1] ?? '').toLowerCase()] = unquote(match[2] ?? '') + (match[3] ?? '')
      position = pattern.lastIndex
      needsSeparator = true
    } else if (match === null && (character === ',' || character === ';')) {
      needsSeparator = false
      if (character === ',') elements.push(element = Object.create(null))
      position++
    } else if (match === null && (character === ' ' || character === '\t')) {
      position++
    } else {
      // Bad syntax: the rest of the element counts for nothing.
      position = text.indexOf(',', position)
    }
  }
  return elements
}

function unquote (value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\([\t !-~])/g, '$1') : value
}
