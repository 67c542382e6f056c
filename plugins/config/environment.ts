/**
 * Settings from the environment: `APP_SERVER__PORT`, and the variables that the schema names.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { coerce } from './coerce.ts'
import type { ConfigProblem } from './errors.ts'
import { readText } from './file.ts'
import { nearest, resolve, snake, variableOf } from './names.ts'
import type { ResolvedOptions } from './options.ts'
import { childOf, settingsOf, type Path, type SchemaNode } from './schema.ts'
import type { Origin, Settings } from './settings.ts'

/** The variables with those of the `.env` file beneath them. An empty variable counts as unset. */
export async function variablesOf ({ env, dotenv, folder }: ResolvedOptions): Promise<Map<string, string>> {
  const file = dotenv === true ? '.env' : dotenv
  const wanted = file !== false && (dotenv !== true || existsSync(path.join(folder, file)))
  const beneath = wanted ? parseEnv(await readText(folder, file)) : {}
  return new Map(Object.entries({ ...beneath, ...env }).filter((entry): entry is [string, string] => !!entry[1]))
}

/** Lays the variables over the settings; returns those that name none. */
export function applyEnvironment (
  settings: Settings, root: SchemaNode, variables: ReadonlyMap<string, string>, prefix: string | false
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const { path, node } of settingsOf(root)) {
    const text = node.env === undefined ? undefined : variables.get(node.env)
    if (text !== undefined) settings.set(path, coerce(node, text), variable(node.env ?? ''))
  }
  if (prefix === false) return problems
  const named = new Set(Array.from(settingsOf(root), ({ node }) => node.env))
  for (const [name, text] of variables) {
    if (!name.startsWith(prefix) || name === `${prefix}CONFIG` || named.has(name)) continue
    // The keys of records, which the schema does not spell, are written small.
    const path = resolve(root, name.slice(prefix.length).split('__'), snake, part => part.toLowerCase())
    if (path === undefined) problems.push(unknown(root, name, prefix))
    else settings.set(path, coerce(nodeAt(root, path), text), variable(name))
  }
  return problems
}

function nodeAt (root: SchemaNode, path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((node, key) => childOf(node, key), root)
}

function variable (name: string): Origin {
  return { rank: 2, place: () => ({ where: name }) }
}

function unknown (root: SchemaNode, name: string, prefix: string): ConfigProblem {
  const names = Array.from(settingsOf(root), ({ path }) => variableOf('', path))
  const meant = nearest(name.slice(prefix.length), names)
  const advice = meant === undefined ? `no setting is called so (${prefix} begins settings)` : `did you mean ${prefix}${meant}?`
  return { kind: 'unknown', key: name, where: name, text: `Unknown variable: ${advice}` }
}
