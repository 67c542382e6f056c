/**
 * The places of the keys of a TOML file; the file has been parsed before, so it is well formed.
 *
 * Keys in braces have the line of the key that the braces belong to.
 *
 * @module
 */

import { Continuation, unquote, type Place } from './place.ts'

const part = String.raw`(?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)`
const keyPattern = new RegExp(String.raw`^\s*(${part}(?:\s*\.\s*${part})*)\s*=\s*(.*)$`, 's')
const tablePattern = new RegExp(String.raw`^\s*(\[\[?)\s*(${part}(?:\s*\.\s*${part})*)\s*\]`)
const partPattern = new RegExp(part, 'g')

/** The keys and tables of a file, from its first line to its last. */
export function tomlPlaces (text: string): Place[] {
  const places: Place[] = []
  const counts = new Map<string, number>()
  let table: readonly string[] = []
  let value = new Continuation(/^#/)
  for (const [index, content] of text.split(/\r\n|\n/).entries()) {
    const line = index + 1
    if (value.open) {
      value.read(`${content}\n`)
      value.endLine()
      continue
    }
    const header = tablePattern.exec(content)
    if (header !== null) {
      table = tableOf(partsOf(header[2] ?? ''), header[1] === '[[', counts)
      places.push({ path: table, line })
      continue
    }
    const pair = keyPattern.exec(content)
    if (pair === null) continue
    places.push({ path: [...table, ...partsOf(pair[1] ?? '')], line })
    value = new Continuation(/^#/)
    value.read(`${pair[2] ?? ''}\n`)
    value.endLine()
  }
  return places
}

/** The path of a table: in lists of tables it is in the last one. */
function tableOf (parts: readonly string[], isList: boolean, counts: Map<string, number>): string[] {
  const path: string[] = []
  for (const [index, part] of parts.entries()) {
    path.push(part)
    const key = JSON.stringify(path)
    const begins = isList && index === parts.length - 1
    if (begins) counts.set(key, (counts.get(key) ?? -1) + 1)
    const count = counts.get(key)
    if (count !== undefined) path.push(String(count))
  }
  return path
}

function partsOf (key: string): string[] {
  return (key.match(partPattern) ?? []).map(part => part.startsWith("'") ? part.slice(1, -1) : unquote(part))
}
