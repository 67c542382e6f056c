/**
 * The text of `--help`, out of the schema.
 *
 * @module
 */

import type { TSchema } from 'typebox'
import { expectedOf } from './expected.ts'
import { flagOf, variableOf } from './names.ts'
import { resolveOptions, type LoadConfigOptions } from './options.ts'
import { isSecret, settingsOf, treeOf, type SchemaNode } from './schema.ts'

/**
 * Every setting: its flag, its variables, what it is for, what it has to be, its default.
 *
 * @throws AIO_ERR_CONFIG_SCHEMA, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function configHelp (schema: TSchema, options: LoadConfigOptions = {}): string {
  const root = treeOf(schema)
  const { name, envPrefix } = resolveOptions(options)
  const settings = Array.from(settingsOf(root), ({ path, node }) => {
    const variables = [node.env, envPrefix === false ? undefined : variableOf(envPrefix, path)]
    const names = [flagOf(path), ...variables.filter(name => name !== undefined).map(name => `$${name}`)]
    return `  ${names.join(', ')}\n      ${describe(node, isSecret(root, path))}`
  })
  return [
    ...root.description === undefined ? [] : [root.description, ''],
    'Settings, the first that is there counts: flags, environment, file, defaults.',
    '',
    `  -c, --config FILE\n      The file to read. Else config/${name} or config, in .yaml, .yml, .json, .toml or .ini.`,
    ...settings,
    '  -h, --help\n      Print this.'
  ].join('\n')
}

function describe (node: SchemaNode, isSecret: boolean): string {
  const facts = expectedOf(node)
  const fallback = node.default === undefined || isSecret ? '' : `; default ${JSON.stringify(node.default)}`
  const sentence = `${facts[0]?.toUpperCase()}${facts.slice(1)}${fallback}.`
  return node.description === undefined ? sentence : `${node.description.replace(/\.?$/, '.')} ${sentence}`
}
