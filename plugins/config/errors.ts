/**
 * What is wrong with a configuration, or with the schema that it has to follow.
 *
 * @module
 */

import createError from '@fastify/error'

/** A configuration that cannot be used. Argument: everything that is wrong with it. */
export const AIO_ERR_CONFIG = createError<[string]>('AIO_ERR_CONFIG', 'Invalid configuration: %s')

/** A schema that nothing can be loaded by. Argument: why. */
export const AIO_ERR_CONFIG_SCHEMA = createError<[string]>(
  'AIO_ERR_CONFIG_SCHEMA', 'Invalid schema for a configuration: %s', 500, TypeError)

/** A configuration asked for by another schema than the one it was loaded by. */
export const AIO_ERR_CONFIG_OTHER_SCHEMA = createError<[]>(
  'AIO_ERR_CONFIG_OTHER_SCHEMA', 'Cannot use configOf(): the app\'s configuration was loaded by another schema', 500,
  TypeError)

/** One thing that is wrong. */
export interface ConfigProblem {
  /** What it is: the file as a whole, a key nobody knows, no value, or one that does not fit. */
  readonly kind: 'file' | 'unknown' | 'missing' | 'invalid'
  /** Which setting, as `server.port`; empty when it is the file as a whole. */
  readonly key: string
  /** Where it was written: `config/app.yaml:3`, `APP_SERVER__PORT`, `--server.port`; empty when nowhere. */
  readonly where: string
  /** What is wrong, and what was expected. */
  readonly text: string
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends AIO_ERR_CONFIG {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor (problems: readonly ConfigProblem[]) {
    const lines = problems.map(lineOf)
    // Arguments go through util.format() only with placeholders in the message, so a "%" in a value is safe.
    super(lines.length === 1 ? String(lines[0]) : `${lines.length} problems\n${lines.map(line => `  ${line}`).join('\n')}`)
    this.problems = problems
  }
}

/** A problem as one line. */
export function lineOf ({ where, text }: ConfigProblem): string {
  return where === '' ? text : `${where}: ${text}`
}
