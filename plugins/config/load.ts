/**
 * Loading: defaults, then a file, the environment, flags; checked once, when all of it is together.
 *
 * @module
 */

import type { Static, TSchema } from 'typebox'
import { coerceTree } from './coerce.ts'
import { fillDefaults } from './defaults.ts'
import { applyEnvironment, variablesOf } from './environment.ts'
import { ConfigError, type ConfigProblem } from './errors.ts'
import { findFile, readConfigFile, type ConfigFile } from './file.ts'
import { applyFlags, readFlags } from './flags.ts'
import { configHelp } from './help.ts'
import { resolveOptions, type LoadConfigOptions, type ResolvedOptions } from './options.ts'
import { treeOf, type SchemaNode } from './schema.ts'
import { seal } from './seal.ts'
import { Settings, type Origin } from './settings.ts'
import { validate } from './validate.ts'

/** What a schema describes, and nothing of it can be changed. */
export type Config<Schema extends TSchema> = DeepReadonly<Static<Schema>>

/** A type all of whose parts are read-only. */
export type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T

/**
 * Loads a configuration: the defaults of the schema, over them a file, the environment, flags.
 *
 * @throws ConfigError with everything that is wrong; AIO_ERR_CONFIG_SCHEMA, AIO_ERR_OPTION_UNKNOWN,
 *   AIO_ERR_OPTION_INVALID
 */
export async function loadConfig<Schema extends TSchema> (
  schema: Schema, options: LoadConfigOptions = {}
): Promise<Config<Schema>> {
  const resolved = resolveOptions(options)
  const root = treeOf(schema)
  const flags = readFlags(root, resolved.argv)
  if (flags.help) resolved.onHelp(configHelp(schema, options))

  const settings = new Settings()
  const problems: ConfigProblem[] = []
  const variables = await collect(problems, () => variablesOf(resolved)) ?? new Map<string, string>()
  const file = await collect(problems, () => readFile(resolved, flags.config ?? configVariable(resolved, variables)))
  if (file !== undefined) settings.merge(fileValues(root, file), fileOrigin(file))
  const isFileRead = problems.length === 0
  problems.push(...applyEnvironment(settings, root, variables, resolved.envPrefix), ...flags.problems)
  applyFlags(settings, flags)
  settings.merge(structuredClone(resolved.values), codeOrigin)
  fillDefaults(root, settings.values)
  // Without the file too much would seem to be missing.
  if (isFileRead) {
    const advice = { file: file?.path, prefix: resolved.envPrefix, hasFlags: resolved.argv.length > 0 }
    problems.unshift(...await validate(root, settings, advice))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return seal(root, settings.values) as Config<Schema>
}

const codeOrigin: Origin = { rank: 0, place: () => ({ where: 'the option "values"' }) }

/** What a step returns; what is wrong with it is told with all else. */
async function collect<T> (problems: ConfigProblem[], step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}

async function readFile (
  { file, folder, name }: ResolvedOptions, wanted: string | undefined
): Promise<ConfigFile | undefined> {
  if (wanted === undefined && file === false) return undefined
  const path = wanted ?? (file || findFile(folder, name))
  return path === undefined ? undefined : await readConfigFile(folder, path)
}

function configVariable ({ envPrefix }: ResolvedOptions, variables: ReadonlyMap<string, string>): string | undefined {
  return envPrefix === false ? undefined : variables.get(`${envPrefix}CONFIG`)
}

function fileValues (root: SchemaNode, { values, textual }: ConfigFile): Readonly<Record<string, unknown>> {
  return textual ? coerceTree(root, values) as Record<string, unknown> : values
}

function fileOrigin (file: ConfigFile): Origin {
  let lines: ReturnType<ConfigFile['lines']> | undefined
  return {
    rank: 1,
    place (path) {
      lines ??= file.lines()
      const line = lines.at(path)
      return { where: line === undefined ? file.path : `${file.path}:${line}`, line }
    }
  }
}
