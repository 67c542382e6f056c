/**
 * aiohttp's path syntax: `{name}` is one non-empty segment or a part of one, `{name:expression}` whatever the
 * expression matches, slashes included.
 *
 * @module
 */

import { AIO_ERR_ROUTE_PARAMS, AIO_ERR_ROUTE_PATH } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { decodePath, decodeValue, quotePath } from './encoding.ts'

/** Values of the variables in a path, by name. */
export type PathParams = Readonly<Record<string, string>>

/** A variable in a path; without an expression it is `[^{}/]+`. */
interface Variable { readonly name: string, readonly expression?: string }

/** A segment that is text, one whole variable, or anything else. */
export type Segment = { readonly text: string } | { readonly variable: string } | 'mixed'

const variable = /(\{[_a-zA-Z][^{}]*(?:\{[^{}]*\}[^{}]*)*\})/

/** One path of a route, with the prefix of the app it is in. */
export class Pattern {
  /** As it was written, prefix included. */
  readonly path: string
  readonly prefix: string
  /** As it was written, without the prefix. */
  readonly own: string
  /** Without expressions: `/user/{id}`. */
  readonly canonical: string
  /** The text before the first variable. */
  readonly literal: string
  /** The fixed segments before the first variable: by these routes are looked up, the longest first. */
  readonly key: string
  /** The segments, as far as their number is known. */
  readonly segments: readonly Segment[]
  /** Whether an expression follows the segments, which may match slashes. */
  readonly open: boolean
  readonly names: readonly string[]
  readonly #parts: readonly (string | Variable)[]
  /** None where each variable is one whole segment: then there is only one way to match, and looking is enough. */
  readonly #expression: RegExp | undefined

  /** Whether it was a wildcard in Fastify's syntax. */
  readonly isWildcard: boolean

  /** @throws AIO_ERR_ROUTE_PATH */
  constructor (path: string, prefix = '', isWildcard = false) {
    checkPath(path)
    this.isWildcard = isWildcard
    this.path = prefix + path || '/'
    this.prefix = prefix
    this.own = path
    this.#parts = parse(this.path)
    const variables = this.#parts.filter(part => typeof part !== 'string')
    const [first = ''] = this.#parts
    this.names = variables.map(({ name }) => name)
    this.canonical = this.#parts.map(part => typeof part === 'string' ? part : `{${part.name}}`).join('')
    this.literal = typeof first === 'string' ? first : ''
    this.key = keyOf(this.literal, variables.length > 0)
    this.open = variables.some(({ expression }) => expression !== undefined)
    this.segments = segmentsOf(this.#parts)
    const isPlain = !this.open && !this.segments.includes('mixed') && !this.names.includes('__proto__') &&
      new Set(this.names).size === this.names.length
    if (!isPlain) this.#expression = compile(this.path, this.#parts)
  }

  /** The path without the names of its variables: the same for paths that match the same. */
  get shape (): string {
    return this.#parts.map(part => typeof part === 'string' ? part : `{${part.expression ?? ''}}`).join('')
  }

  /** A path it matches, for want of a better one. */
  get sample (): string {
    return this.#parts.map(part => typeof part === 'string' ? quotePath(part) : '~').join('')
  }

  /** The values for a path decoded by `decodePath()`; `null` when it does not match. */
  match (path: string): PathParams | null {
    if (this.names.length === 0) return path === this.literal ? {} : null
    if (this.#expression === undefined) return this.#matchPlain(path)
    const groups = this.#expression.exec(path)?.groups
    if (groups === undefined) return null
    return Object.fromEntries(Object.entries(groups)
      .filter(([name]) => this.names.includes(name))
      .map(([name, value]) => [name, decodeValue(value ?? '')]))
  }

  /** Regular expressions of their own for thousands of routes would take time and memory, and few stay compiled. */
  #matchPlain (path: string): PathParams | null {
    const params: Record<string, string> = {}
    let at = 0
    for (const part of this.#parts) {
      if (typeof part === 'string') {
        if (!path.startsWith(part, at)) return null
        at += part.length
        continue
      }
      const slash = path.indexOf('/', at)
      const end = slash === -1 ? path.length : slash
      const value = path.slice(at, end)
      if (value === '' || value.includes('{') || value.includes('}')) return null
      params[part.name] = decodeValue(value)
      at = end
    }
    return at === path.length ? params : null
  }

  /** The path with values in place of the variables, encoded. @throws AIO_ERR_ROUTE_PARAMS */
  format (params: Readonly<Record<string, string | number>>): string {
    let path = ''
    for (const part of this.#parts) {
      if (typeof part === 'string') path += quotePath(part).replace(/%25(?=2F|25)/g, '%')
      else path += quotePath(this.#valueOf(part.name, params))
    }
    return path
  }

  #valueOf (name: string, params: Readonly<Record<string, string | number>>): string {
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    throw new AIO_ERR_ROUTE_PARAMS(name, this.canonical, describe(value))
  }
}

function checkPath (path: unknown): void {
  if (typeof path !== 'string') throw new AIO_ERR_ROUTE_PATH(describe(path), 'expected a string')
  if (path !== '' && !path.startsWith('/')) {
    throw new AIO_ERR_ROUTE_PATH(describe(path), 'expected it to start with / or to be empty')
  }
}

function parse (path: string): (string | Variable)[] {
  return path.split(variable).filter(part => part !== '').map(part => {
    const [, name, expression] = /^\{([_a-zA-Z]\w*)(?::(.+))?\}$/s.exec(part) ?? []
    if (name !== undefined) return expression === undefined ? { name } : { name, expression }
    if (!/[{}]/.test(part)) return decodePath(part)
    throw new AIO_ERR_ROUTE_PATH(describe(path), `"${part}" is neither text, {name} nor {name:expression}`)
  })
}

/** Where aiohttp files a path: up to the segment with the first variable, without slashes at the end. */
function keyOf (literal: string, hasVariable: boolean): string {
  const fixed = hasVariable ? literal.slice(0, literal.lastIndexOf('/')) : literal
  return fixed.replace(/\/+$/, '') || '/'
}

function segmentsOf (parts: readonly (string | Variable)[]): Segment[] {
  const segments: (string | Variable)[][] = [[]]
  for (const part of parts) {
    // The segment with an expression, and all after it, may be any number of segments.
    if (typeof part !== 'string' && part.expression !== undefined) return segments.slice(1, -1).map(toSegment)
    const [head = '', ...rest] = typeof part === 'string' ? part.split('/') : [part]
    if (head !== '') segments.at(-1)?.push(head)
    for (const text of rest) segments.push(text === '' ? [] : [text])
  }
  return segments.slice(1).map(toSegment)
}

function toSegment (parts: readonly (string | Variable)[]): Segment {
  const [first = '', second] = parts
  if (second !== undefined) return 'mixed'
  return typeof first === 'string' ? { text: first } : { variable: first.name }
}

function compile (path: string, parts: readonly (string | Variable)[]): RegExp {
  const source = parts.map(part => typeof part === 'string'
    ? part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    // Python writes named groups with a P.
    : `(?<${part.name}>${part.expression?.replaceAll('(?P<', '(?<') ?? '[^{}/]+'})`).join('')
  // Unicode mode counts characters as Python does, but knows fewer escapes.
  const tried = ['u', ''].map(flags => {
    try {
      return new RegExp(`^(?:${source})$`, flags)
    } catch (error) {
      return String(error)
    }
  })
  const found = tried.find(result => typeof result !== 'string')
  if (found === undefined) throw new AIO_ERR_ROUTE_PATH(describe(path), String(tried[1]))
  return found
}
