/**
 * A context for live routes: what Fastify keeps for each of its own contexts (hooks, decorators, parsers, schemas,
 * error handler), kept here, for Fastify takes nothing more once the app is ready.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import { AIO_ERR_PLUG } from '../errors.ts'
import type { RouteDef } from '../definitions.ts'
import type { RouteData } from '../routing.ts'
import type { Route } from '../table.ts'
import type { Activity } from './activity.ts'
import type { BodyParser } from './bodies.ts'
import { hookNames, type Hook, type HookName } from './hooks.ts'
import { Loader } from './loader.ts'

/** A route that was asked for, and not added yet. */
export interface Draft {
  readonly context: LiveContext
  readonly def: RouteDef
  /** Whether the path is in Fastify's syntax. */
  readonly native: boolean
}

/** What is added and removed as one. */
export interface Unit {
  readonly drafts: Draft[]
  /** Run on removal: these at once, those when the last request has ended. */
  readonly preClose: (() => unknown)[]
  readonly onClose: (() => unknown)[]
  /** Run before the routes are there. */
  readonly onReady: (() => unknown)[]
  readonly plugins: Set<string>
  /** Routes that were added in it later: they go with it. */
  readonly later: Set<Route<RouteData>>
  /** The plugged plugin it was added in. */
  readonly around: Unit | undefined
  /** Who waits for its requests. */
  readonly activity: Activity | undefined
}

/** The hook of a plugin that sees every route that is added. */
export type RouteHook = (this: FastifyInstance, route: never) => void

const appHooks = ['onRoute', 'onRegister', 'onReady', 'onListen', 'preClose', 'onClose']

/** A property that requests or replies of a context have. */
export type Decoration = PropertyDescriptor

/** One context. */
export class LiveContext {
  /** The app of Fastify whose door its routes are behind. */
  readonly owner: FastifyInstance
  /** Fastify's prefix, with those around it. */
  readonly prefix: string
  readonly unit: Unit
  readonly loader = new Loader()
  readonly hooks: Map<HookName, readonly Hook[]>
  readonly request: Map<string, Decoration>
  readonly reply: Map<string, Decoration>
  readonly schemas: Map<string, unknown>
  readonly onRoute: RouteHook[]
  parsers: BodyParser[]
  /** Whether bodies go to the parsers of the owner when no own one takes them. */
  inheritsParsers: boolean
  errorHandler: Hook | undefined
  schemaErrorFormatter: Hook | undefined
  validatorCompiler: FastifyInstance['validatorCompiler']
  serializerCompiler: FastifyInstance['serializerCompiler']
  logLevel: string | undefined
  /** What plugins get. */
  app: FastifyInstance
  /** What handlers have as `this` and `request.server`. */
  self: FastifyInstance

  /** A context inside of another one has what that has now. */
  constructor (owner: FastifyInstance, unit: Unit, parent?: LiveContext, prefix = '') {
    this.owner = owner
    this.app = parent?.app ?? owner
    this.self = parent?.self ?? owner
    this.unit = unit
    this.prefix = join(parent?.prefix ?? owner.prefix, prefix)
    this.hooks = new Map(parent?.hooks)
    this.request = new Map(parent?.request)
    this.reply = new Map(parent?.reply)
    this.schemas = new Map(parent?.schemas)
    this.onRoute = [...parent?.onRoute ?? []]
    this.parsers = [...parent?.parsers ?? []]
    this.inheritsParsers = parent?.inheritsParsers ?? true
    this.errorHandler = parent?.errorHandler
    this.schemaErrorFormatter = parent?.schemaErrorFormatter
    this.validatorCompiler = parent?.validatorCompiler
    this.serializerCompiler = parent?.serializerCompiler
    this.logLevel = parent?.logLevel
  }

  /** @throws AIO_ERR_ARGUMENT_INVALID */
  addHook (name: string, hook: unknown): void {
    const { unit } = this
    if (typeof hook !== 'function') {
      throw new AIO_ERR_ARGUMENT_INVALID('hook', `addHook('${name}')`, 'a function', describe(hook))
    }
    const known = hookNames.find(known => known === name)
    if (known !== undefined) this.hooks.set(known, [...this.hooks.get(known) ?? [], hook as Hook])
    else if (name === 'onRoute') this.onRoute.push(hook as RouteHook)
    else if (name === 'onReady') unit.onReady.push(this.#appHook(hook, 0))
    else if (name === 'preClose') unit.preClose.push(this.#appHook(hook, 0))
    else if (name === 'onClose') unit.onClose.push(this.#appHook(hook, 1))
    else if (!appHooks.includes(name)) {
      throw new AIO_ERR_ARGUMENT_INVALID('hook', 'addHook()', [...hookNames, ...appHooks].join(', '), describe(name))
    }
  }

  /** Fastify's hooks of an app have a callback, or return a promise; `before` is the number of their parameters. */
  #appHook (hook: object, before: number): () => unknown {
    return () => {
      const args = before === 0 ? [] : [this.app]
      if (Reflect.get(hook, 'length') <= before) return Reflect.apply(hook as () => unknown, this.app, args)
      return new Promise<void>((resolve, reject) => {
        const done = (error?: unknown) => error == null ? resolve() : reject(error)
        Reflect.apply(hook as () => unknown, this.app, [...args, done])
      })
    }
  }

  /** @throws AIO_ERR_PLUG */
  decorateOne (kind: 'request' | 'reply', name: string, value: unknown): void {
    const taken = kind === 'request' ? this.owner.hasRequestDecorator(name) : this.owner.hasReplyDecorator(name)
    if (taken || this[kind].has(name)) throw new AIO_ERR_PLUG(`the ${kind} decorator "${name}"`, 'there is one already')
    this[kind].set(name, descriptorOf(value))
  }

  /** @throws AIO_ERR_ARGUMENT_INVALID */
  addParser (types: unknown, options: Partial<BodyParser>, parse: unknown): void {
    const where = 'addContentTypeParser()'
    if (typeof parse !== 'function') throw new AIO_ERR_ARGUMENT_INVALID('parser', where, 'a function', describe(parse))
    for (const type of [types].flat()) {
      if (typeof type !== 'string' && !(type instanceof RegExp)) {
        throw new AIO_ERR_ARGUMENT_INVALID('type', where, 'a media type or a regular expression', describe(type))
      }
      this.parsers.push({
        type: typeof type === 'string' ? type.trim().toLowerCase() : type,
        parseAs: options.parseAs,
        bodyLimit: options.bodyLimit,
        parse: parse as BodyParser['parse']
      })
    }
  }
}

/** As Fastify writes prefixes together. */
export function join (prefix: string, path: string): string {
  return prefix.endsWith('/') && path.startsWith('/') ? prefix + path.slice(1) : prefix + path
}

/** A decorator as a property: a value, or a getter and a setter. */
export function descriptorOf (value: unknown): PropertyDescriptor {
  const { getter, setter }: { getter?: () => unknown, setter?: (value: unknown) => void } = Object(value)
  if (typeof getter !== 'function' && typeof setter !== 'function') {
    return { value, writable: true, configurable: true, enumerable: true }
  }
  return { ...(getter && { get: getter }), ...(setter && { set: setter }), configurable: true, enumerable: true }
}
