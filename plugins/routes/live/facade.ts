/**
 * What a plugged plugin gets as its app: the app, with everything Fastify would refuse now answered by a
 * `LiveContext`. Its prototype is the app around it, as with every context of Fastify.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'
import type { AddGetOptions, RouteTarget } from '../definitions.ts'
import { AIO_ERR_PLUG, AIO_ERR_PLUGIN_MISSING } from '../errors.ts'
import { findParser } from './bodies.ts'
import type { Hook } from './hooks.ts'
import { descriptorOf, join, LiveContext } from './live-context.ts'
import { call, extendsContext, isPlugin, metaOf, unpack, type AnyPlugin } from './loader.ts'

/** Remembers which context an app stands for. */
export type Facades = WeakMap<FastifyInstance, LiveContext>

type Method = (...args: never[]) => unknown

/** Gives a context an app of its own. */
export function createFacade (context: LiveContext, facades: Facades): FastifyInstance {
  const facade: FastifyInstance = Object.create(context.app)
  context.app = facade
  context.self = facade
  facades.set(facade, context)
  define(facade, {
    ...routeMethods(context),
    ...plugins(context, facades),
    ...decorators(context),
    ...bodies(context)
  })
  Object.defineProperties(facade, {
    prefix: { value: context.prefix },
    errorHandler: { get: () => context.errorHandler ?? context.owner.errorHandler },
    validatorCompiler: { get: () => context.validatorCompiler ?? context.owner.validatorCompiler },
    serializerCompiler: { get: () => context.serializerCompiler ?? context.owner.serializerCompiler }
  })
  return facade
}

/** A context inside of one that leaves bodies to the handlers, as the requests plugin has it. */
export function createLazyContext (parent: LiveContext, facades: Facades): LiveContext {
  const context = new LiveContext(parent.owner, parent.unit, parent)
  const { self } = context
  createFacade(context, facades)
  Reflect.apply(Reflect.get(context.app, 'lazyBodies'), context.app, [])
  context.self = self
  return context
}

function define (facade: FastifyInstance, methods: Record<string, Method>): void {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(facade, name, { value, writable: true, configurable: true })
  }
}

function routeMethods (context: LiveContext): Record<string, Method> {
  const { owner } = context
  const methods: Record<string, Method> = {
    route: (options: object) => {
      addNative(context, options)
      return context.app
    },
    hasRoute: (options: Parameters<FastifyInstance['hasRoute']>[0]) => owner.hasRoute(options) ||
      context.unit.drafts.some(({ context: { prefix }, def }) =>
        def.method === options.method && join(prefix, def.path) === options.url),
    addHook: (name: string, hook: unknown) => {
      context.addHook(name, hook)
      return context.app
    },
    setNotFoundHandler: () => {
      throw new AIO_ERR_PLUG('setNotFoundHandler()', 'what no route has is answered by the app')
    },
    setErrorHandler: (handler: Hook) => {
      context.errorHandler = handler
      return context.app
    }
  }
  const shorthand = (method: string | string[]) => (url: string, options: object | Hook, handler?: Hook) => {
    const own = typeof options === 'function' ? { handler: options } : { handler, ...options }
    addNative(context, { ...own, method, url })
    return context.app
  }
  for (const method of owner.supportedMethods) methods[method.toLowerCase()] = shorthand(method)
  methods.all = shorthand([...owner.supportedMethods])
  return methods
}

/** @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_PLUG */
function addNative (context: LiveContext, options: {
  method?: unknown
  url?: unknown
  path?: unknown
  handler?: unknown
  constraints?: object
  exposeHeadRoute?: boolean
  prefixTrailingSlash?: unknown
}): void {
  const { method, url, path: other, handler, constraints = {}, exposeHeadRoute, prefixTrailingSlash, ...rest } = options
  const path = url ?? other ?? ''
  if (typeof path !== 'string' || (path !== '' && !/^[/*]/.test(path))) {
    throw new AIO_ERR_ARGUMENT_INVALID('url', 'a route', 'a string that begins with "/"', describe(path))
  }
  if (typeof handler !== 'function') {
    throw new AIO_ERR_ARGUMENT_INVALID('handler', `the route ${path}`, 'a function', describe(handler))
  }
  if (Object.keys(constraints).length > 0) throw new AIO_ERR_PLUG(`constraints for ${path}`, 'live routes have none')
  const names = [method].flat().map(name => String(name).toUpperCase())
  // Fastify's types leave this option out.
  const withHead = exposeHeadRoute ?? Reflect.get(context.owner.initialConfig, 'exposeHeadRoutes') !== false
  if (withHead && names.includes('GET') && !names.includes('HEAD') && !hasHead(context, path)) names.push('HEAD')
  for (const url of pathsOf(context.prefix, path, prefixTrailingSlash)) {
    for (const method of names) {
      const route = { kind: 'route', method, path: url, handler: handler as RouteTarget } as const
      context.unit.drafts.push({ context, def: { ...route, options: rest as AddGetOptions }, native: true })
    }
  }
}

function hasHead ({ unit, prefix }: LiveContext, path: string): boolean {
  return unit.drafts.some(({ context, def }) =>
    def.method === 'HEAD' && def.path === path && context.prefix === prefix)
}

/** Below a prefix "/" is two paths, unless it says otherwise. */
function pathsOf (prefix: string, path: string, trailingSlash: unknown): string[] {
  if (path !== '/' || prefix === '') return [path === '*' ? '/*' : path]
  if (trailingSlash === 'slash') return ['/']
  return trailingSlash === 'no-slash' ? [''] : ['', '/']
}

function plugins (context: LiveContext, facades: Facades): Record<string, Method> {
  const { unit, loader, owner } = context
  /** `await app.register()` loads at once what waits; without await it is loaded behind the plugin. */
  const thenable = () => Object.create(context.app, {
    then: {
      value: (resolve: () => void, reject: (error: unknown) => void) => { loader.run().then(() => resolve(), reject) }
    }
  })
  return {
    register: (plugin: unknown, options: unknown = {}) => {
      loader.add(async () => {
        const loaded = await unpack(plugin)
        await load(context, facades, loaded, typeof options === 'function' ? options(context.app) : options)
      })
      return thenable()
    },
    after: (callback?: (error: null, ...rest: unknown[]) => unknown) => {
      if (callback !== undefined) loader.add(async () => { await call(() => callback(null), context.app, {}) })
      return thenable()
    },
    hasPlugin: (name: string) => unit.plugins.has(name) || owner.hasPlugin(name)
  }
}

/** Loads a plugin into a context, or into one of its own. */
export async function load (
  parent: LiveContext, facades: Facades, plugin: AnyPlugin, options: object
): Promise<void> {
  const { context, done } = enter(parent, facades, plugin, options)
  await call(plugin, context.app, options)
  done()
  await context.loader.run()
}

/** Loads a plugin that has a callback and calls it at once. @throws AIO_ERR_PLUG */
export function loadNow (parent: LiveContext, facades: Facades, plugin: unknown, options: object): void {
  let over = false
  if (isPlugin(plugin) && plugin.length === 3) {
    const { context } = enter(parent, facades, plugin, options)
    Reflect.apply(plugin, context.app, [context.app, options, (error?: Error) => {
      if (error != null) throw error
      over = true
    }])
  }
  if (!over) throw new AIO_ERR_PLUG('app.register()', 'it has to be waited for, use await app.routes.plug()')
}

function enter (parent: LiveContext, facades: Facades, plugin: AnyPlugin, options: object) {
  const { name, dependencies = [] } = metaOf(plugin)
  const { prefix = '', logLevel }: { prefix?: string, logLevel?: string } = options
  for (const dependency of dependencies) {
    if (!parent.app.hasPlugin(dependency)) throw new AIO_ERR_PLUGIN_MISSING(name ?? plugin.name, dependency)
  }
  const context = extendsContext(plugin) ? parent : new LiveContext(parent.owner, parent.unit, parent, prefix)
  if (context !== parent) createFacade(context, facades)
  if (logLevel !== undefined) context.logLevel = logLevel
  return { context, done: () => { if (name !== undefined) parent.unit.plugins.add(name) } }
}

function decorators (context: LiveContext): Record<string, Method> {
  const { owner } = context
  return {
    decorate: (name: string, value: unknown) => {
      if (Object.hasOwn(context.app, name)) throw new AIO_ERR_PLUG(`the decorator "${name}"`, 'there is one already')
      Object.defineProperty(context.app, name, descriptorOf(value))
      return context.app
    },
    decorateRequest: (name: string, value: unknown) => {
      context.decorateOne('request', name, value)
      return context.app
    },
    decorateReply: (name: string, value: unknown) => {
      context.decorateOne('reply', name, value)
      return context.app
    },
    hasRequestDecorator: (name: string) => context.request.has(name) || owner.hasRequestDecorator(name),
    hasReplyDecorator: (name: string) => context.reply.has(name) || owner.hasReplyDecorator(name)
  }
}

function bodies (context: LiveContext): Record<string, Method> {
  const { owner, schemas } = context
  const set = <Key extends 'validatorCompiler' | 'serializerCompiler' | 'schemaErrorFormatter'>(key: Key) =>
    (value: LiveContext[Key]) => {
      context[key] = value
      return context.app
    }
  return {
    addContentTypeParser: (types: unknown, options: object, parse: unknown = options) => {
      context.addParser(types, parse === options ? {} : options, parse)
      return context.app
    },
    hasContentTypeParser: (type: string | RegExp) => findParser(context.parsers, String(type)) !== undefined ||
      (context.inheritsParsers && owner.hasContentTypeParser(type)),
    removeAllContentTypeParsers: () => {
      context.parsers = []
      context.inheritsParsers = false
    },
    addSchema: (schema: { $id?: unknown }) => {
      const { $id: id } = schema
      if (typeof id !== 'string') {
        throw new AIO_ERR_ARGUMENT_INVALID('schema', 'addSchema()', 'a schema with $id', describe(schema))
      }
      const taken = schemas.has(id) || owner.getSchema(id) !== undefined
      if (taken) throw new AIO_ERR_PLUG(`the schema "${id}"`, 'there is one already')
      schemas.set(id, schema)
      return context.app
    },
    getSchema: (id: string) => schemas.get(id) ?? owner.getSchema(id),
    getSchemas: () => ({ ...owner.getSchemas(), ...Object.fromEntries(schemas) }),
    setValidatorCompiler: set('validatorCompiler'),
    setSerializerCompiler: set('serializerCompiler'),
    setSchemaErrorFormatter: set('schemaErrorFormatter')
  }
}
