/**
 * The runtime: what operators, lookups, loops and outputs do while a template runs.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import { AIO_ERR_TEMPLATE_ASYNC } from '../errors.ts'
import { Loop, type Recurse } from './loop.ts'
import { memberOf, sliceOf } from './members.ts'
import type { BlockFunction, Context, Frame, Nunjucks, NunjucksEnvironment, NunjucksTemplate, SafeString } from './nunjucks-types.ts'
import { isPromise, mark, type Pending } from './pending.ts'
import { positional } from './signatures.ts'
import { escapeHTML, formatText } from './text.ts'

/** What the runtime of one environment works with. */
export interface RuntimeParts {
  readonly environment: NunjucksEnvironment
  readonly pending: Pending
  readonly autoescape: boolean
}

/** Nunjucks' runtime with ours over it. */
export type Runtime = ReturnType<typeof createRuntime>

type Run = (...values: unknown[]) => unknown

export function createRuntime (nunjucks: Nunjucks, { environment, pending, autoescape }: RuntimeParts) {
  const { SafeString } = nunjucks.runtime
  const isSafe = (value: unknown): value is SafeString => value instanceof SafeString
  const safe = (text: string): SafeString => new SafeString(text)
  const plain = (value: unknown): unknown => isSafe(value) ? value.val : value

  /** As a text in a page. */
  function html (value: unknown): string {
    return isSafe(value) ? value.val : escapeHTML(textOf(value))
  }

  return {
    ...nunjucks.runtime,
    ...lookups(plain),
    ...comparisons(plain),
    ...logic,
    ...operators({ isSafe, safe, html }),
    ...blocks(safe),
    ...calls(environment),
    globals: globals(),
    environment,
    isSafe,
    safe,
    plain,
    html,
    truth,
    /** Whether what is written out gets escaped. */
    autoescape,
    loop: (items: readonly unknown[], depth: number, recurse: Recurse | null) => Loop.of(items, depth, recurse),
    step: Loop.step,
    captured: (text: string, escaping: boolean): unknown => escaping ? safe(text) : text,
    suppressValue (value: unknown, escaping: boolean): string {
      const write = (ready: unknown) => escaping ? html(ready) : textOf(ready)
      return isPromise(value) ? mark(pending, value.then(write)) : write(value)
    },
    makeKeywordArgs: (named: object) => Object.defineProperty(named, '__keywords', { value: true })
  }
}

function calls (environment: NunjucksEnvironment) {
  function call (kind: 'filter' | 'test', name: string, context: Context, values: unknown[]): unknown {
    const functions: Readonly<Record<string, Run>> = kind === 'filter' ? environment.filters : environment.tests
    // The names in a template are known to the compiler; those that `map` and `select` are given are not.
    const run = Object.hasOwn(functions, name) ? functions[name] : undefined
    if (run === undefined) throw new TypeError(`No ${kind} named "${name}"`)
    const apply = (ready: unknown[]) => Reflect.apply(run, context, positional(name, ready))
    // What comes later goes through the filter when it is there.
    return values.some(isPromise) ? Promise.all(values).then(apply) : apply(values)
  }
  return {
    filter: (name: string, context: Context, values: unknown[]) => call('filter', name, context, values),
    test (name: string, context: Context, value: unknown, rest: unknown[]): boolean {
      if (isPromise(value)) throw new AIO_ERR_TEMPLATE_ASYNC('a test')
      return Boolean(call('test', name, context, [value, ...rest]))
    }
  }
}

/** @throws AIO_ERR_TEMPLATE_ASYNC. Python's truth: what is empty is false. */
function truth (value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  if (isPromise(value)) throw new AIO_ERR_TEMPLATE_ASYNC('a condition')
  if (Array.isArray(value) || value instanceof String) return value.length > 0
  if (value instanceof Map || value instanceof Set) return value.size > 0
  return Object.getPrototypeOf(value) !== Object.prototype || Object.keys(value).length > 0
}

/** What is written for a value; nothing for what is not there, and never the code of a function. */
export function textOf (value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'function' ? `<function ${value.name}>` : String(value)
}

function lookups (plain: (value: unknown) => unknown) {
  return {
    contextOrFrameLookup (context: Context, frame: Frame, name: string): unknown {
      const found = frame.lookup(name)
      if (found !== undefined) return found
      const { ctx, env: { globals } } = context as Context & { env: NunjucksEnvironment }
      if (Object.hasOwn(ctx, name)) return ctx[name]
      return Object.hasOwn(globals, name) ? globals[name] : undefined
    },
    memberLookup: (owner: unknown, key: unknown): unknown => memberOf(owner, plain(key)),
    slice: (owner: unknown, start: number | null, stop: number | null, step: number | null) =>
      sliceOf(plain(owner), start, stop, step),
    setMember (owner: unknown, key: unknown, value: unknown): void {
      if (!(owner instanceof Namespace)) throw new TypeError('cannot assign attribute on non-namespace object')
      owner[String(plain(key))] = value
    },
    unpack (value: unknown, count: number): unknown[] {
      const items = itemsOf(value)
      if (items.length !== count) throw new TypeError(`cannot unpack ${items.length} values into ${count} names`)
      return items
    },
    items: (value: unknown, pairs: boolean) => pairs && isPlain(value) ? Object.entries(value) : itemsOf(value)
  }
}

/** What a loop goes over: the names of an object, the characters of a text, nothing where nothing is. */
export function itemsOf (value: unknown): unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  if (isPromise(value)) throw new AIO_ERR_TEMPLATE_ASYNC('a loop')
  if (value instanceof Map) return [...value.keys()]
  if (value instanceof String) return [...value.toString()]
  if (typeof value === 'string' || (typeof value === 'object' && Symbol.iterator in value)) return [...value as Iterable<unknown>]
  if (typeof value === 'object') return Object.keys(value)
  throw new TypeError(`${textOf(value)} is not iterable`)
}

function isPlain (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(Symbol.iterator in value)
}

function comparisons (plain: (value: unknown) => unknown) {
  const equal = (left: unknown, right: unknown) => {
    const [a, b] = [plain(left), plain(right)]
    return a === b || (a ?? null) === (b ?? null) ||
      (typeof a === 'object' && typeof b === 'object' && isDeepStrictEqual(a, b))
  }
  const compareTwo = (left: unknown, operator: string, right: unknown): boolean => {
    if (operator.startsWith('==')) return equal(left, right)
    if (operator.startsWith('!=')) return !equal(left, right)
    const [a, b] = [plain(left), plain(right)] as [number, number]
    if (operator === '<') return a < b
    if (operator === '>') return a > b
    return operator === '<=' ? a <= b : a >= b
  }
  return {
    equal,
    compare (left: unknown, ...rest: unknown[]): boolean {
      for (let before = left, index = 0; index < rest.length; before = rest[index + 1], index += 2) {
        if (!compareTwo(before, String(rest[index]), rest[index + 1])) return false
      }
      return true
    },
    inOperator (item: unknown, owner: unknown): boolean {
      const inside = plain(owner)
      if (typeof inside === 'string') return inside.includes(String(plain(item)))
      return itemsOf(inside).some(other => equal(item, other))
    }
  }
}

/** The right side is asked only where it counts. */
const logic = {
  and: (left: unknown, right: () => unknown): unknown => truth(left) ? right() : left,
  or: (left: unknown, right: () => unknown): unknown => truth(left) ? left : right()
}

interface Strings {
  readonly isSafe: (value: unknown) => value is SafeString
  readonly safe: (text: string) => SafeString
  readonly html: (value: unknown) => string
}

function operators ({ isSafe, safe, html }: Strings) {
  return {
    add (left: unknown, right: unknown): unknown {
      if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right]
      if (isSafe(left) || isSafe(right)) return safe(html(left) + html(right))
      return left as number + (right as number)
    },
    multiply (left: unknown, right: unknown): unknown {
      if (isSafe(left)) return safe(left.val.repeat(Number(right)))
      return typeof left === 'string' ? left.repeat(Number(right)) : left as number * (right as number)
    },
    modulo (left: unknown, right: unknown): unknown {
      if (isSafe(left)) return safe(formatText(left.val, [right].flat().map(html)))
      if (typeof left === 'string') return formatText(left, [right].flat())
      const [a, b] = [left as number, right as number]
      return ((a % b) + b) % b
    },
    concat (left: unknown, right: unknown): unknown {
      return isSafe(left) || isSafe(right) ? safe(html(left) + html(right)) : textOf(left) + textOf(right)
    }
  }
}

function blocks (safe: (text: string) => SafeString) {
  /** Nothing is waited for, so the answer is there at once. */
  function textNow (run: (done: (error: unknown, text?: string) => void) => void): string {
    let result = ''
    run((error, text = '') => {
      if (error !== null && error !== undefined) throw error
      result = text
    })
    return result
  }
  return {
    superBlock (environment: NunjucksEnvironment, context: Context, frame: Frame, name: string, block: BlockFunction) {
      return safe(textNow(done => context.getSuper(environment, name, block, frame, {}, done)))
    },
    ownBlock (environment: NunjucksEnvironment, context: Context, frame: Frame, name: string) {
      return safe(textNow(done => context.getBlock(name)(environment, context, frame, {}, done)))
    },
    include (
      environment: NunjucksEnvironment, name: unknown, parent: string, ignoreMissing: boolean, context: Context | null,
      frame: Frame
    ): string {
      const template = environment.getTemplate(name, false, parent, ignoreMissing) as NunjucksTemplate
      if (context === null) return template.render({}) ?? ''
      return textNow(done => template.render(context.getVariables(), frame, done))
    }
  }
}

/** What `namespace()` makes: the only thing whose members `set` can change. */
class Namespace {
  [name: string]: unknown
}

function globals (): Record<string, unknown> {
  return {
    True: true,
    False: false,
    None: null,
    namespace: (...values: object[]) => Object.assign(new Namespace(), ...values),
    dict: (...values: object[]) => Object.assign({}, ...values)
  }
}
