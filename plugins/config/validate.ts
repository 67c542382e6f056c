/**
 * What does not follow the schema, all at once and in words.
 *
 * @module
 */

import { isIPv4, isIPv6 } from 'node:net'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { describe } from '../../lib/options.ts'
import { AIO_ERR_CONFIG_SCHEMA, type ConfigProblem } from './errors.ts'
import { expectedOf } from './expected.ts'
import { flagOf, keyOf, nearest, variableOf } from './names.ts'
import { childOf, isSecret, variantsOf, type Path, type SchemaNode } from './schema.ts'
import { isMapping, type Settings } from './settings.ts'

/** What a missing setting is to be told with. */
export interface Advice {
  /** The file that was read. */
  readonly file?: string | undefined
  readonly prefix: string | false
  readonly hasFlags: boolean
}

/** @throws AIO_ERR_CONFIG_SCHEMA when the schema is none */
export async function validate (root: SchemaNode, settings: Settings, advice: Advice): Promise<ConfigProblem[]> {
  const check = await compile(root)
  if (check(settings.values)) return []
  const told = new Set<string>()
  const problems: (ConfigProblem & { rank: number, line: number })[] = []
  for (const error of relevant(check.errors ?? [], '')) {
    const problem = problemOf(root, error, advice)
    const path = pathOf(error)
    const id = `${problem.kind} ${JSON.stringify(path)}`
    if (told.has(id)) continue
    told.add(id)
    const origin = settings.originOf(problem.kind === 'missing' ? path.slice(0, -1) : path)
    const { where = '', line = 0 } = origin?.place(path) ?? { where: problem.kind === 'missing' ? advice.file : 'the default' }
    problems.push({ ...problem, where, rank: origin?.rank ?? 4, line })
  }
  return problems
    .sort((one, other) => one.rank - other.rank || one.line - other.line)
    .map(({ rank: _rank, line: _line, ...problem }) => problem)
}

async function compile (root: SchemaNode): Promise<ValidateFunction> {
  const { Ajv } = await import('ajv')
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    validateSchema: 'log',
    logger: { log () {}, warn () {}, error: text => { throw new AIO_ERR_CONFIG_SCHEMA(String(text)) } },
    formats: { uri: text => URL.canParse(text), ipv4: isIPv4, ipv6: isIPv6 }
  })
  for (const keyword of ['secret', 'env']) ajv.addKeyword(keyword)
  try {
    return ajv.compile(root)
  } catch (error) {
    if (error instanceof AIO_ERR_CONFIG_SCHEMA || !(error instanceof Error)) throw error
    throw new AIO_ERR_CONFIG_SCHEMA(error.message)
  }
}

/**
 * The errors that help. A union has those of all its members: it counts as one error, unless it is plain which member
 * was meant.
 */
function * relevant (errors: readonly ErrorObject[], within: string): Generator<ErrorObject> {
  for (const error of errors) {
    if (!error.schemaPath.startsWith(within)) continue
    if (/\/(anyOf|oneOf)\/\d+\//.test(error.schemaPath.slice(within.length))) continue
    const meant = variantMeant(error)
    if (meant === undefined) yield error
    else {
      const inside = errors.filter(({ instancePath }) => `${instancePath}/`.startsWith(`${error.instancePath}/`))
      yield * relevant(inside, `${error.schemaPath}/${meant}/`)
    }
  }
}

/** Which member of a union an object was meant to be: the only one whose fixed values it has, or the only object. */
function variantMeant ({ keyword, parentSchema, data }: ErrorObject): number | undefined {
  if ((keyword !== 'anyOf' && keyword !== 'oneOf') || !isMapping(data)) return undefined
  const candidates = [...variantsOf(parentSchema as SchemaNode).entries()].filter(([, { properties }]) =>
    properties !== undefined && Object.entries(properties).every(([key, child]) => !('const' in child) || child.const === data[key]))
  return candidates.length === 1 ? candidates[0]?.[0] : undefined
}

function problemOf (root: SchemaNode, error: ErrorObject, advice: Advice): Omit<ConfigProblem, 'where'> {
  const path = pathOf(error)
  const key = keyOf(path)
  const node = error.parentSchema as SchemaNode
  if (error.keyword === 'additionalProperties') {
    return { kind: 'unknown', key, text: `Unknown key "${key}": ${suggestion(path, node)}` }
  }
  if (error.keyword === 'required') {
    const child = childOf(node, path.at(-1) ?? '') ?? {}
    return { kind: 'missing', key, text: `Missing "${key}": expected ${expectedOf(child)}${waysToGive(path, child, advice)}` }
  }
  const got = isSecret(root, path) ? 'something else (it is secret)' : describe(error.data)
  return { kind: 'invalid', key, text: `Invalid "${key}": expected ${expectedOf(node)}, got ${got}` }
}

/** Where the error is: keys that are too many or missing are named beside the path. */
function pathOf ({ instancePath, params }: ErrorObject): Path {
  const path = instancePath.split('/').slice(1).map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const extra: unknown = params.additionalProperty ?? params.missingProperty
  return extra === undefined ? path : [...path, String(extra)]
}

function suggestion (path: Path, { properties = {} }: SchemaNode): string {
  const keys = Object.keys(properties)
  const meant = nearest(path.at(-1) ?? '', keys)
  if (meant !== undefined) return `did you mean "${keyOf([...path.slice(0, -1), meant])}"?`
  return keys.length === 0 ? 'there are no keys here' : `allowed are ${keys.join(', ')}`
}

/** The other ways to give what is missing; items of lists come from files only. */
function waysToGive (path: Path, { env }: SchemaNode, { prefix, hasFlags }: Advice): string {
  if (path.some(key => /^\d+$/.test(key))) return ''
  const variable = env ?? (prefix === false ? undefined : variableOf(prefix, path))
  const ways = [...variable === undefined ? [] : [variable], ...hasFlags ? [flagOf(path)] : []]
  return ways.length === 0 ? '' : ` (or ${ways.join(' or ')})`
}
