/**
 * The text of a file as values: YAML, JSON, TOML or INI, with the lines of their keys.
 *
 * The parsers come with the first file that needs them.
 *
 * @module
 */

import { describe } from '../../lib/options.ts'
import { iniPlaces } from './places/ini.ts'
import { jsonPlaces } from './places/json.ts'
import { firstDouble, Lines, SyntaxFault, type Place } from './places/place.ts'
import { tomlPlaces } from './places/toml.ts'
import { yamlPlaces } from './places/yaml.ts'

/** What a file says. */
export interface Document {
  readonly values: Readonly<Record<string, unknown>>
  /** Whether the values are text, whatever they stand for. */
  readonly textual: boolean
  /** Reads the lines; asked only when something is wrong. */
  lines (): Lines
}

interface Format {
  parse (text: string): Promise<unknown>
  places (text: string): Iterable<Place>
  readonly textual?: boolean
}

/** Deeper and larger ones are no configurations, but attacks on those who walk through them. */
const maxDepth = 50
const maxValues = 100_000

const yaml: Format = { parse: parseYAML, places: yamlPlaces }

/** The formats by the endings of their files, in the order in which files are looked for. */
export const formats: Readonly<Record<string, Format>> = {
  '.yaml': yaml,
  '.yml': yaml,
  '.json': { parse: parseJSON, places: text => jsonPlaces(text, maxDepth) },
  '.toml': { parse: parseTOML, places: tomlPlaces },
  '.ini': { parse: parseINI, places: iniPlaces, textual: true }
}

/**
 * Parses a text; an empty one has no values.
 *
 * @throws SyntaxFault
 */
export async function parse (text: string, { parse, places, textual = false }: Format): Promise<Document> {
  const values = await parse(text) ?? {}
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new SyntaxFault(`expected keys and values, got ${describe(values)}`, 1, 1)
  }
  return { values: plain(values) as Record<string, unknown>, textual, lines: () => new Lines(places(text)) }
}

async function parseYAML (text: string): Promise<unknown> {
  const { parseYAML, YAMLException } = await import('confbox/yaml')
  if (/^(?:\s*(?:#.*)?(?:\n|$))*$/.test(text)) return {}
  try {
    return parseYAML(text)
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const { reason, mark } = error as Error & { reason: string, mark?: { line: number, column: number } }
    throw mark === undefined ? new SyntaxFault(reason) : new SyntaxFault(reason, mark.line + 1, mark.column + 1)
  }
}

async function parseJSON (text: string): Promise<unknown> {
  if (text.trim() === '') return {}
  refuseDoubles(jsonPlaces(text, maxDepth))
  return JSON.parse(text)
}

async function parseTOML (text: string): Promise<unknown> {
  const { parseTOML } = await import('confbox/toml')
  try {
    return parseTOML(text)
  } catch (error) {
    if (!(error instanceof Error) || !('line' in error)) throw error
    const { message, line, column } = error as Error & { line: number, column: number }
    throw new SyntaxFault(message.split('\n', 1)[0]?.replace('Invalid TOML document: ', '') ?? message, line, column)
  }
}

async function parseINI (text: string): Promise<unknown> {
  // "key[]" stands once for each item.
  refuseDoubles(iniPlaces(text).filter(({ path }) => path.at(-1)?.endsWith('[]') !== true))
  const { parseINI } = await import('confbox/ini')
  return parseINI(text)
}

function refuseDoubles (places: Iterable<Place>): void {
  const double = firstDouble(places)
  if (double !== undefined) throw new SyntaxFault(`duplicate key "${double.path.join('.')}"`, double.line, 1)
}

/** The values as a tree: no aliases of YAML, no dates of TOML. */
function plain (root: unknown): unknown {
  let count = 0
  const copy = (value: unknown, depth: number): unknown => {
    if (depth > maxDepth) throw new SyntaxFault(`it has more than ${maxDepth} levels`)
    if (++count > maxValues) throw new SyntaxFault(`it has more than ${maxValues} values`)
    if (value instanceof Date) return value.toISOString()
    if (Array.isArray(value)) return value.map(item => copy(item, depth + 1))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, copy(child, depth + 1)]))
  }
  return copy(root, 0)
}
