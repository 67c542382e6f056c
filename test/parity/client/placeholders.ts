/**
 * Placeholders such as `{http}` and `{file:a.txt}`: put in before a case, taken out of what it gave.
 *
 * @module
 */

import { isSpec } from './values.ts'
import type { Files } from './files.ts'

type Values = Readonly<Record<string, string>>

/** Puts ports, origins and paths in; unknown names stay as they are. */
export function fill<Value> (value: Value, values: Values, files: Files): Value
export function fill (value: unknown, values: Values, files: Files): unknown {
  if (typeof value === 'string') {
    return value.replace(/\{([\w:.-]+)\}/g, (all, name: string) =>
      name.startsWith('file:') ? files.path(name.slice(5)) : values[name] ?? all)
  }
  if (Array.isArray(value)) return value.map(item => fill(item, values, files))
  if (!isSpec(value)) return value
  return Object.fromEntries(Object.entries(value)
    .map(([key, item]) => [fill(key, values, files), fill(item, values, files)]))
}

/** Replaces ports, origins and paths by their names in whatever a case gave. */
export function normaliser (values: Values, files: Files): (value: unknown) => unknown {
  const entries = Object.entries(values)
  const ports = new Map(entries.filter(([name]) => name.startsWith('p_')).map(([name, port]) => [port, `{${name}}`]))
  const origins = entries.filter(([name, value]) => value.includes('://') || name === 'sock')
  const port = new RegExp(`(?<!\\d)(${[...ports.keys()].join('|')})(?!\\d)`, 'g')

  const text = (value: string) => {
    let out = value.replaceAll(values.fingerprint!, '{fingerprint}').replaceAll(`${files.folder}/`, '{tmp}/')
    for (const [name, origin] of origins) out = out.replaceAll(origin, `{${name}}`)
    return out.replace(port, (_, found: string) => ports.get(found)!)
  }
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value)
    if (typeof value === 'number') return Number.isNaN(value) ? { float: 'nan' } : ports.get(String(value)) ?? value
    if (typeof value === 'bigint') return { bigint: String(value) }
    if (value === undefined) return null
    if (Array.isArray(value)) return value.map(walk)
    if (!isSpec(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), walk(item)]))
  }
  return walk
}
