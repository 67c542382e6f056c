/**
 * Settings from the command line: `--server.port 3000`, `--server.port=3000`, `--no-debug`.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { coerce } from './coerce.ts'
import type { ConfigProblem } from './errors.ts'
import { flagOf, kebab, keyOf, nearest, resolve } from './names.ts'
import { childOf, settingsOf, variantsOf, type Path, type SchemaNode } from './schema.ts'
import type { Origin, Settings } from './settings.ts'

/** What the command line says. */
export interface Flags {
  readonly help: boolean
  /** The file to read. */
  readonly config?: string
  readonly values: readonly { readonly path: Path, readonly value: unknown }[]
  readonly problems: readonly ConfigProblem[]
}

interface Flag {
  readonly path: Path
  readonly node: SchemaNode
  /** Given as `--no-…`. */
  readonly negative: boolean
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]

/** Reads the arguments of a program. */
export function readFlags (root: SchemaNode, argv: readonly string[]): Flags {
  const known = flagsIn(root, argv)
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(Array.from(known, ([name, flag]) => [name, { type: takesValue(flag) ? 'string' : 'boolean' }] as const)),
      config: { type: 'string', short: 'c' },
      help: { type: 'boolean', short: 'h' }
    }
  })
  return new FlagReader(root, known).read(tokens)
}

/** Lays the flags over the settings. */
export function applyFlags (settings: Settings, { values }: Flags): void {
  for (const { path, value } of values) settings.set(path, value, flagOrigin)
}

const flagOrigin: Origin = { rank: 3, place: path => ({ where: flagOf(path) }) }

/** The flags among the arguments that the schema knows; keys of records are known only when they are seen. */
function flagsIn (root: SchemaNode, argv: readonly string[]): Map<string, Flag> {
  const flags = new Map<string, Flag>()
  for (const argument of argv) {
    if (argument === '--') break
    const name = /^--([^=]+)/.exec(argument)?.[1]
    if (name === undefined) continue
    const flag = flagIn(root, name, false) ?? (name.startsWith('no-') ? flagIn(root, name.slice(3), true) : undefined)
    if (flag !== undefined && (!flag.negative || isBoolean(flag.node))) flags.set(name, flag)
  }
  return flags
}

function flagIn (root: SchemaNode, name: string, negative: boolean): Flag | undefined {
  const path = resolve(root, name.split('.'), kebab)
  const node = path?.reduce<SchemaNode | undefined>((node, key) => childOf(node, key), root)
  return path === undefined || node === undefined ? undefined : { path, node, negative }
}

function takesValue ({ node, negative }: Flag): boolean {
  return !negative && !isBoolean(node)
}

function isBoolean (node: SchemaNode): boolean {
  return node.type === 'boolean' || variantsOf(node).some(variant => variant.type === 'boolean')
}

/** Goes through the tokens once. */
class FlagReader {
  readonly #root: SchemaNode
  readonly #known: ReadonlyMap<string, Flag>
  readonly #given = new Map<string, { path: Path, node: SchemaNode, texts: string[] }>()
  readonly #problems: ConfigProblem[] = []
  #config: string | undefined
  #help = false
  /** The argument behind an unknown flag: it may well be its value. */
  #doubtful = -1

  constructor (root: SchemaNode, known: ReadonlyMap<string, Flag>) {
    this.#root = root
    this.#known = known
  }

  read (tokens: readonly Token[]): Flags {
    for (const token of tokens) this.#token(token)
    const values = Array.from(this.#given.values(), ({ path, node, texts }) => ({ path, value: valueOf(node, texts) }))
    return {
      help: this.#help, values, problems: this.#problems, ...this.#config === undefined ? {} : { config: this.#config }
    }
  }

  #token (token: Token): void {
    if (token.kind === 'option-terminator') return
    if (token.kind === 'positional') {
      if (token.index === this.#doubtful) return
      return this.#fail('unknown', token.value, `Unexpected argument: expected ${examples(this.#root)}`)
    }
    const { name, rawName, value } = token
    if (name === 'help' || name === 'config') {
      if (name === 'help') this.#help = true
      else if (value) this.#config = value
      else this.#fail('invalid', rawName, 'Expected the path of a file behind it')
      return
    }
    const flag = rawName.startsWith('--') ? this.#known.get(name) : undefined
    if (flag !== undefined) return this.#flag(flag, rawName, value)
    this.#unknown(rawName)
    if (value === undefined) this.#doubtful = token.index + 1
  }

  #flag ({ path, node, negative }: Flag, rawName: string, value: string | undefined): void {
    if (negative && value !== undefined) return this.#fail('invalid', rawName, 'Expected no value behind it')
    if (value === undefined && !isBoolean(node)) return this.#fail('invalid', rawName, 'Expected a value behind it')
    const text = value ?? String(!negative)
    const before = this.#given.get(keyOf(path))
    if (before === undefined) this.#given.set(keyOf(path), { path, node, texts: [text] })
    else if (node.items !== undefined) before.texts.push(text)
    else this.#fail('invalid', rawName, 'Given twice')
  }

  #unknown (rawName: string): void {
    const names = Array.from(settingsOf(this.#root), ({ path }) => flagOf(path))
    const meant = nearest(rawName, ['--config', '--help', ...names])
    this.#fail('unknown', rawName, `Unknown flag: ${meant === undefined ? '--help lists all' : `did you mean ${meant}?`}`)
  }

  #fail (kind: ConfigProblem['kind'], where: string, text: string): void {
    this.#problems.push({ kind, key: where, where, text })
  }
}

/** A list may be given by several flags. */
function valueOf (node: SchemaNode, texts: readonly string[]): unknown {
  const [first = '', ...more] = texts
  if (more.length === 0) return coerce(node, first)
  return texts.map((text, index) => coerce(childOf(node, String(index)), text))
}

function examples (root: SchemaNode): string {
  const [first] = settingsOf(root)
  return first === undefined ? 'no flags' : `flags such as ${flagOf(first.path)}=VALUE`
}
