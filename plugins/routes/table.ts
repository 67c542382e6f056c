/**
 * Which route a request belongs to, by aiohttp's rules (its UrlDispatcher).
 *
 * Knows no framework. The longest fixed part wins, then the order of registration; a wrong method does
 * not end the search; what is below the prefix of a sub-application is decided there, once and for all.
 *
 * @module
 */

import { AIO_ERR_ROUTE_DUPLICATE, AIO_ERR_ROUTE_NAME } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { decodePath } from './encoding.ts'
import { Pattern, type PathParams } from './pattern.ts'

/** A method of a path, and whatever belongs to it. */
export interface Route<Data> {
  readonly method: string
  readonly resource: Resource<Data>
  readonly data: Data
}

/** What was found: a route with its values, or the methods that would have been allowed. */
export type Resolution<Data> =
  | { readonly table: Table<Data>, readonly route: Route<Data>, readonly params: PathParams }
  | { readonly table: Table<Data>, readonly route: null, readonly allowed: readonly string[] }

/** A path with the routes of its methods. */
export class Resource<Data> {
  readonly pattern: Pattern
  readonly name: string | undefined
  readonly table: Table<Data>
  /** Counts all resources and sub-applications of a tree. */
  readonly order: number
  readonly routes = new Map<string, Route<Data>>()

  constructor (pattern: Pattern, name: string | undefined, table: Table<Data>, order: number) {
    this.pattern = pattern
    this.name = name
    this.table = table
    this.order = order
  }

  get key (): string {
    return this.pattern.key
  }

  /** The route for a method; `*` is any. */
  find (method: string): Route<Data> | undefined {
    return this.routes.get(method) ?? this.routes.get('*')
  }

  /** @throws AIO_ERR_ROUTE_DUPLICATE */
  add (method: string, data: Data): Route<Data> {
    const before = this.find(method)
    if (before !== undefined) throw new AIO_ERR_ROUTE_DUPLICATE(method, this.pattern.path, before.method)
    const route = { method, resource: this, data }
    this.routes.set(method, route)
    return route
  }
}

/** The routes of an app or a sub-application. */
export class Table<Data> {
  /** What is in front of all paths: prefixes of this table and of those around it. */
  readonly prefix: string
  readonly parent: Table<Data> | undefined
  readonly order: number
  readonly entries: (Resource<Data> | Table<Data>)[] = []
  /** Those of the entries that are tables. */
  readonly tables: Table<Data>[] = []
  readonly #index = new Map<string, (Resource<Data> | Table<Data>)[]>()
  readonly #names = new Map<string, Resource<Data>>()
  readonly #count: () => number
  #longestKey = 1

  constructor (prefix = '', parent?: Table<Data>) {
    let counter = 0
    this.prefix = prefix
    this.parent = parent
    this.#count = parent === undefined ? () => counter++ : () => parent.#count()
    this.order = this.#count()
  }

  get key (): string {
    return decodePath(this.prefix)
  }

  /** The outermost table: that of the app, or of a domain. */
  get root (): Table<Data> {
    return this.parent === undefined ? this : this.parent.root
  }

  /**
   * The resource for a path; the one added last is used again if path and name are the same.
   *
   * @throws AIO_ERR_ROUTE_PATH, AIO_ERR_ROUTE_NAME
   */
  resource (path: string, name?: string, prefix = this.prefix): Resource<Data> {
    const pattern = new Pattern(path, prefix)
    const last = this.entries.at(-1)
    if (last instanceof Resource && last.name === name && isSame(last.pattern, pattern)) return last
    return this.#create(pattern, name)
  }

  /**
   * The resource for a path that comes late: that of the same path and name, wherever it is.
   *
   * @throws AIO_ERR_ROUTE_PATH, AIO_ERR_ROUTE_NAME
   */
  lateResource (pattern: Pattern, name: string | undefined): Resource<Data> {
    const found = this.at(pattern.key).find(entry =>
      entry instanceof Resource && entry.name === name && isSame(entry.pattern, pattern))
    return found instanceof Resource ? found : this.#create(pattern, name)
  }

  /** Takes a resource away, when it has no route any more. */
  drop (resource: Resource<Data>): void {
    if (resource.routes.size > 0) return
    const others = this.#index.get(resource.key) ?? []
    remove(others, resource)
    remove(this.entries, resource)
    if (others.length === 0) this.#index.delete(resource.key)
    const { name } = resource
    if (name !== undefined && this.#names.get(name) === resource) this.#names.delete(name)
  }

  /** Puts a route back that was taken away. */
  restore (route: Route<Data>): void {
    const { method, resource } = route
    resource.routes.set(method, route)
    if (this.at(resource.key).includes(resource)) return
    if (resource.name !== undefined) this.#names.set(resource.name, resource)
    this.#add(resource)
  }

  /** What has exactly this fixed part. */
  at (key: string): readonly (Resource<Data> | Table<Data>)[] {
    return this.#index.get(key) ?? []
  }

  /** Whatever might be meant by a path, the longest fixed part first. */
  candidates (path: string): Iterable<Resource<Data> | Table<Data>> {
    return this.#candidates(path)
  }

  #create (pattern: Pattern, name: string | undefined): Resource<Data> {
    if (name !== undefined) this.#checkName(name)
    const resource = new Resource(pattern, name, this, this.#count())
    if (name !== undefined) this.#names.set(name, resource)
    this.#add(resource)
    return resource
  }

  /** A table for everything below a prefix. */
  mount (prefix: string): Table<Data> {
    const table = new Table(prefix, this)
    this.tables.push(table)
    this.#add(table)
    return table
  }

  /** The resource of that name. */
  named (name: string): Resource<Data> | undefined {
    return this.#names.get(name)
  }

  /** All names. */
  get names (): string[] {
    return [...this.#names.keys()]
  }

  /** Finds the route for a method and a path decoded by `decodePath()`. */
  resolve (method: string, path: string): Resolution<Data> {
    let allowed: Set<string> | undefined
    // Not by the generator: it would cost each request more than all the rest.
    for (let part = this.#longestPart(path); part !== undefined; part = shorter(part)) {
      for (const candidate of this.#index.get(part) ?? []) {
        if (candidate instanceof Table) return candidate.resolve(method, path)
        const params = candidate.pattern.match(path)
        if (params === null) continue
        const route = candidate.find(method)
        if (route !== undefined) return { table: this, route, params }
        allowed ??= new Set()
        for (const name of candidate.routes.keys()) allowed.add(name)
      }
    }
    return { table: this, route: null, allowed: [...allowed ?? []].sort() }
  }

  /** The innermost table that a path belongs to, whatever routes it has. */
  ownerOf (path: string): Table<Data> {
    for (const candidate of this.#candidates(path)) if (candidate instanceof Table) return candidate.ownerOf(path)
    return this
  }

  * #candidates (path: string): Generator<Resource<Data> | Table<Data>> {
    for (let part = this.#longestPart(path); part !== undefined; part = shorter(part)) {
      yield * this.#index.get(part) ?? []
    }
  }

  /** No key is longer: a path of nothing but slashes must not cost a look-up for each of them. */
  #longestPart (path: string): string | undefined {
    return path.length > this.#longestKey ? upTo(path, path.lastIndexOf('/', this.#longestKey)) : path
  }

  #add (entry: Resource<Data> | Table<Data>): void {
    this.entries.push(entry)
    const others = this.#index.get(entry.key)
    if (others === undefined) this.#index.set(entry.key, [entry])
    else others.splice(isLast(entry) ? others.length : others.findLastIndex(other => !isLast(other)) + 1, 0, entry)
    this.#longestKey = Math.max(this.#longestKey, entry.key.length)
  }

  #checkName (name: unknown): void {
    const parts = typeof name === 'string' ? name.split(/[.:-]/) : []
    if (parts.length === 0 || !parts.every(part => /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(part))) {
      throw new AIO_ERR_ROUTE_NAME(describe(name), 'expected identifiers, separated by a dot, a colon or a dash')
    }
    const other = this.#names.get(String(name))
    if (other !== undefined) throw new AIO_ERR_ROUTE_NAME(describe(name), `"${other.pattern.path}" has it already`)
  }
}

/** In the outermost app an empty path and a slash come to the same, but are two paths all the same. */
function isSame (a: Pattern, b: Pattern): boolean {
  return a.own === b.own && a.prefix === b.prefix
}

/** A wildcard in Fastify's syntax is what is left when no variable fits. */
function isLast<Data> (entry: Resource<Data> | Table<Data>): boolean {
  return entry instanceof Resource && entry.pattern.isWildcard
}

function remove<Item> (items: Item[], item: Item): void {
  const index = items.lastIndexOf(item)
  if (index !== -1) items.splice(index, 1)
}

/** The path without its last part; `undefined` when nothing is left. */
function shorter (path: string): string | undefined {
  return path === '/' ? undefined : upTo(path, path.lastIndexOf('/'))
}

function upTo (path: string, end: number): string {
  return end > 0 ? path.slice(0, end) : '/'
}
