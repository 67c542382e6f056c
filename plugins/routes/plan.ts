/**
 * Which routes Fastify's own router can serve alone, and which need the table's word.
 *
 * Fastify's router prefers text to variables and variables to wildcards, segment by segment; aiohttp prefers
 * the longer fixed part, then the order of registration. Where both come to the same, a route becomes an
 * ordinary one of Fastify ("direct") and costs nothing. All others become a wildcard behind the text they
 * begin with, constrained by what the table says ("asked").
 *
 * @module
 */

import { decodePath } from './encoding.ts'
import { Overlaps, type Shape } from './overlaps.ts'
import type { Pattern, Segment } from './pattern.ts'
import { Resource, type Route, type Table } from './table.ts'

type Entry<Data> = Resource<Data> | Table<Data>

/** What Fastify's router does not take literally, or does not decode. */
const special = /[:*?#%;@&=+$,]/

/** The decisions about all routes below one outermost table. */
export class Plan<Data> {
  readonly #decided = new Map<Route<Data>, boolean>()
  /** Direct routes that were handed to Fastify: they cannot be taken back. */
  readonly #registered = new Map<string, Route<Data>>()
  readonly #direct = new Set<Route<Data>>()
  readonly #contested = new Set<Route<Data>>()
  #overlaps = new Overlaps<Entry<Data>>()
  /** How many entries of each table are in `#overlaps`. */
  readonly #noted = new Map<Table<Data>, number>()

  /** Whether Fastify's router can be trusted with a route. */
  isDirect (route: Route<Data>): boolean {
    let direct = this.#decided.get(route)
    if (direct === undefined) this.#decided.set(route, direct = this.#decide(route))
    return direct
  }

  /** Whether a route that was added later goes before this one, which Fastify's router does not know. */
  isContested (route: Route<Data>): boolean {
    return this.#contested.has(route)
  }

  /** Notes that a route is handed to Fastify for these methods. */
  register (route: Route<Data>, methods: readonly string[]): void {
    for (const entry of this.#near(route.resource.table.root, shapeOf(outermostOf(route.resource)))) {
      if (!(entry instanceof Resource)) continue
      for (const other of entry.routes.values()) {
        if (this.#direct.has(other) && this.#contests(route, other)) this.#contested.add(other)
      }
    }
    if (!this.isDirect(route)) return
    this.#direct.add(route)
    for (const method of methods) this.#registered.set(slotOf(method, route), route)
  }

  /** Forgets what is needed only as long as there are routes to be handed to Fastify. */
  release (): void {
    this.#overlaps = new Overlaps()
    this.#noted.clear()
  }

  /** A fixed path is decided by asking; the others by looking at every route that goes before. */
  #decide (route: Route<Data>): boolean {
    const { resource } = route
    const { pattern, table: { root } } = resource
    if (!isSimple(pattern) || this.#registered.has(slotOf(route.method, route))) return false
    if (pattern.names.length === 0) return root.resolve(route.method, pattern.literal).route === route
    for (const entry of this.#near(root, pattern)) {
      if (entry !== resource && goesBefore(entry, route) && !this.#isReachedFirst(entry, route)) return false
    }
    return true
  }

  /** The entries of all tables that may have a path in common with a shape. */
  #near (root: Table<Data>, shape: Shape): Iterable<Entry<Data>> {
    this.#note(root)
    return this.#overlaps.find(shape)
  }

  /** Tables only grow as long as this is asked. */
  #note (table: Table<Data>): void {
    const { entries } = table
    for (let index = this.#noted.get(table) ?? 0; index < entries.length; index += 1) {
      const entry = entries[index]
      if (entry !== undefined) this.#overlaps.add(shapeOf(entry), entry)
    }
    this.#noted.set(table, entries.length)
    for (const child of table.tables) this.#note(child)
  }

  /** Whether Fastify's router would give requests of a live route to this one. */
  shadows (early: Route<Data>, live: Resource<Data>, method: string): boolean {
    return this.isDirect(early) && (early.method === method || early.method === '*' || method === '*') &&
      overlap(live, early.resource.pattern)
  }

  #contests (late: Route<Data>, early: Route<Data>): boolean {
    const { pattern, table: { root } } = early.resource
    if (pattern.names.length === 0) return root.resolve(early.method, pattern.literal).route !== early
    return late.resource !== early.resource && goesBefore(late.resource, early) &&
      !this.#isReachedFirst(late.resource, early)
  }

  /** Whether Fastify's router comes to an entry before it comes to a route with variables. */
  #isReachedFirst (entry: Entry<Data>, route: Route<Data>): boolean {
    const { pattern } = route.resource
    if (!(entry instanceof Resource)) return startsDeeper(`${entry.key}/`, pattern)
    return [...entry.routes.values()].every(other => !sharesMethod(other, route) || (this.isDirect(other)
      ? isMoreLiteral(entry.pattern.segments, pattern.segments)
      : startsDeeper(fixedStart(entry.pattern), pattern)))
  }
}

/** The path of a direct route in Fastify's syntax, without the prefix of its app. */
export function directPath (pattern: Pattern): string {
  return ownSegments(pattern).map(segment => segment === 'mixed' || 'text' in segment
    ? `/${segment === 'mixed' ? '*' : segment.text}`
    : `/:${segment.variable}`).join('')
}

/** The wildcard for a route that has to be asked for, without the prefix of its app. */
export function askedPath (pattern: Pattern): string {
  const prefix = decodePath(pattern.prefix)
  const own = pattern.literal.startsWith(prefix) ? fixedStart(pattern).slice(prefix.length) : ''
  return `${own || '/'}*`
}

/** All resources and sub-applications below a table. */
export function entriesOf<Data> (table: Table<Data>): Entry<Data>[] {
  return table.entries.flatMap(entry => entry instanceof Resource ? [entry] : [entry, ...entriesOf(entry)])
}

/** Text and whole variables only, without characters that mean something to Fastify's router. */
function isSimple (pattern: Pattern): boolean {
  return !pattern.open && ownSegments(pattern).every(segment =>
    segment !== 'mixed' && !('text' in segment && special.test(segment.text)))
}

/** Segments without those of the prefix, which Fastify adds by itself. */
function ownSegments ({ prefix, segments }: Pattern): readonly Segment[] {
  return segments.slice(prefix.split('/').length - 1)
}

/** The text a path begins with, as far as Fastify's router finds it however it is encoded. */
function fixedStart ({ literal, prefix }: Pattern): string {
  const start = Math.min(decodePath(prefix).length, literal.length)
  const end = literal.slice(start).search(special)
  return end === -1 ? literal : literal.slice(0, start + end)
}

/** Two routes that Fastify's router cannot tell apart have the same slot. */
function slotOf<Data> (method: string, { resource: { pattern } }: Route<Data>): string {
  const segments = pattern.segments.map(segment => segment === 'mixed' || 'variable' in segment ? ':' : segment.text)
  return `${method} ${segments.join('/')}`
}

/** Whether an entry wins over a route where both match. */
function goesBefore<Data> (entry: Entry<Data>, route: Route<Data>): boolean {
  // First what is cheap and mostly false.
  if (!overlap(entry, route.resource.pattern)) return false
  if (entry instanceof Resource && ![...entry.routes.values()].some(other => sharesMethod(other, route))) return false
  return precedes(entry, route.resource)
}

function precedes<Data> (a: Entry<Data>, b: Entry<Data>): boolean {
  const [chain, others] = [chainOf(a), chainOf(b)]
  const at = chain.findIndex((entry, index) => entry !== others[index])
  const [x, y] = [chain[at], others[at]]
  // One is inside of the other, and the inner one comes first.
  if (x === undefined || y === undefined) return x !== undefined
  return x.key.length > y.key.length || (x.key.length === y.key.length && x.order < y.order)
}

/** The sub-applications around an entry, and itself. */
function chainOf<Data> (entry: Entry<Data>): Entry<Data>[] {
  const around = entry instanceof Resource ? entry.table : entry.parent
  if (around === undefined) return []
  return [...chainOf(around), entry]
}

/** The sub-application around all others, or the entry itself. */
function outermostOf<Data> (entry: Entry<Data>): Entry<Data> {
  return chainOf(entry)[0] ?? entry
}

/** Whether a path may match both; when in doubt, it may. */
function overlap<Data> (entry: Entry<Data>, pattern: Pattern): boolean {
  return mayMatchBoth(shapeOf(entry), pattern)
}

/** Of a sub-application, everything below its prefix. */
function shapeOf<Data> (entry: Entry<Data>): Shape {
  if (entry instanceof Resource) return entry.pattern
  return { segments: entry.key.split('/').slice(1).map(text => ({ text })), open: true }
}

function mayMatchBoth (one: Shape, other: Shape): boolean {
  const [shorter, longer] = one.segments.length < other.segments.length ? [one, other] : [other, one]
  return (shorter.open || shorter.segments.length === longer.segments.length) &&
    shorter.segments.every((segment, index) => mayBeEqual(segment, longer.segments[index]))
}

function mayBeEqual (a: Segment, b: Segment | undefined): boolean {
  if (b === undefined || a === 'mixed' || b === 'mixed' || !('text' in a) || !('text' in b)) return true
  return a.text === b.text
}

function sharesMethod<Data> (a: Route<Data>, b: Route<Data>): boolean {
  return a.method === b.method || a.method === '*' || b.method === '*'
}

/** Whether the first path has text where the second has its first variable that differs. */
function isMoreLiteral (segments: readonly Segment[], others: readonly Segment[]): boolean {
  const isText = (segment: Segment | undefined) => typeof segment === 'object' && 'text' in segment
  const at = segments.findIndex((segment, index) => isText(segment) !== isText(others[index]))
  return at !== -1 && isText(segments[at])
}

/** Whether a text leads beyond the point where a path has its first variable. */
function startsDeeper (text: string, { literal }: Pattern): boolean {
  return text.length > literal.length
}
