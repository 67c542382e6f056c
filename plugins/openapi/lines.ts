/**
 * In which line of a YAML or JSON file a value stands, found by keys and indentation: enough for an error message.
 *
 * @module
 */

/** The line, counted from 1, of a value or of the closest one around it that is found. */
export function lineOf (text: string, path: readonly string[]): number {
  const lines = text.split('\n')
  let line = -1
  let indent = -1
  for (const key of path) {
    const found = /^\d+$/.test(key)
      ? findItem(lines, line, indent, Number(key)) ?? findKey(lines, line, indent, key)
      : findKey(lines, line, indent, key)
    if (found === undefined) break
    line = found
    indent = indentOf(lines[found] ?? '')
  }
  return Math.max(line, 0) + 1
}

/** The first key deeper than the one around it, before that one ends. */
function findKey (lines: readonly string[], after: number, indent: number, key: string): number | undefined {
  // The first key of a list's item stands in the item's line.
  const first = /^\s*-\s/.test(lines[after] ?? '') ? after : after + 1
  for (let index = first; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (isBlank(line)) continue
    if (index > after && ends(line, indent)) return undefined
    const text = line.replace(/^[\s{-]*/, '')
    if ([`${key}:`, `'${key}':`, `"${key}":`, `"${key}" :`].some(start => text.startsWith(start))) return index
  }
  return undefined
}

/** The item of a list: dashes at one depth, or braces of JSON. */
function findItem (lines: readonly string[], after: number, indent: number, position: number): number | undefined {
  let depth: number | undefined
  let seen = -1
  for (let index = after + 1; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (isBlank(line)) continue
    // In YAML a list may stand as deep as its key.
    const isItem = /^\s*(-\s|-$|\{)/.test(line)
    if (ends(line, indent) && !(isItem && indentOf(line) === indent)) return undefined
    if (!isItem) continue
    depth ??= indentOf(line)
    if (indentOf(line) === depth && ++seen === position) return index
  }
  return undefined
}

function ends (line: string, indent: number): boolean {
  return indentOf(line) <= indent && !/^\s*[\]}]/.test(line)
}

function isBlank (line: string): boolean {
  return /^\s*(#|$)/.test(line)
}

function indentOf (line: string): number {
  return line.length - line.trimStart().length
}
