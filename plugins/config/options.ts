/**
 * The options of loading a configuration and their checks.
 *
 * @module
 */

import {
  boolean, check, checkOptions, either, func, listOf, nonEmptyString, object, oneOf, string, type Shape
} from '../../lib/options.ts'

/** Options of `loadConfig()`. */
export interface LoadConfigOptions {
  /**
   * What the program is called: part of the default file's name and, in capital letters, the prefix of variables.
   *
   * @default 'app'
   */
  name?: string
  /**
   * The file to read, instead of looking for one; `false` reads none. `--config` and the variable wins over it.
   *
   * @default undefined
   */
  file?: string | false
  /**
   * Where files are looked for, and what their paths are relative to.
   *
   * @default process.cwd()
   */
  folder?: string
  /**
   * The environment.
   *
   * @default process.env
   */
  env?: NodeJS.ProcessEnv
  /**
   * What the names of variables begin with; `false` reads none but those named in the schema.
   *
   * @default the name in capital letters and an underscore: 'APP_'
   */
  envPrefix?: string | false
  /**
   * A file with more variables: `true` is `.env` if it is there, a path has to be there. The environment wins over it.
   *
   * @default false
   */
  dotenv?: boolean | string
  /**
   * The arguments of the program: `process.argv.slice(2)`.
   *
   * @default []
   */
  argv?: readonly string[]
  /**
   * Takes the text of `--help`.
   *
   * @default prints it and ends the process with status 0
   */
  onHelp?: (text: string) => void
  /**
   * Values that win over all others.
   *
   * @default {}
   */
  values?: Readonly<Record<string, unknown>>
}

/** The options with their defaults filled in. */
export type ResolvedOptions = Required<Omit<LoadConfigOptions, 'file'>> & Pick<LoadConfigOptions, 'file'>

const loadConfigShape: Shape<LoadConfigOptions> = {
  name: check('a name of letters, digits and dashes', value => typeof value === 'string' && /^[a-z][\w-]*$/i.test(value)),
  file: either(nonEmptyString, oneOf(false)),
  folder: nonEmptyString,
  env: object,
  envPrefix: either(nonEmptyString, oneOf(false)),
  dotenv: either(boolean, nonEmptyString),
  argv: listOf(string),
  onHelp: func,
  values: object
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export function resolveOptions (options: LoadConfigOptions): ResolvedOptions {
  checkOptions('loadConfig()', options, loadConfigShape)
  const { name = 'app' } = options
  return {
    ...options,
    name,
    folder: options.folder ?? process.cwd(),
    env: options.env ?? process.env,
    envPrefix: options.envPrefix ?? `${name.replaceAll('-', '_').toUpperCase()}_`,
    dotenv: options.dotenv ?? false,
    argv: options.argv ?? [],
    onHelp: options.onHelp ?? printAndExit,
    values: options.values ?? {}
  }
}

function printAndExit (text: string): never {
  console.log(text)
  process.exit(0)
}
