/**
 * Loads the plugins of a plugged plugin: in their order, those inside of another one when that one is through.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { describe } from '../../../lib/options.ts'

/** A plugin, however it tells that it is through. */
export type AnyPlugin = {
  load (app: never, options: never, done: (error?: Error) => void): unknown
}['load']

/** What fastify-plugin writes on a plugin. */
export interface PluginMeta {
  readonly name?: string
  readonly dependencies?: readonly string[]
}

/** Whether a plugin extends the context it is registered in (fastify-plugin). */
export function extendsContext (plugin: AnyPlugin): boolean {
  return Reflect.get(plugin, Symbol.for('skip-override')) === true
}

/** @see https://github.com/fastify/fastify-plugin */
export function metaOf (plugin: AnyPlugin): PluginMeta {
  return Object(Reflect.get(plugin, Symbol.for('plugin-meta')))
}

/** A plugin may come as a module, or as the promise of one. @throws AIO_ERR_ARGUMENT_INVALID */
export async function unpack (plugin: unknown): Promise<AnyPlugin> {
  const loaded: unknown = await plugin
  const found: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded
  if (isPlugin(found)) return found
  throw new AIO_ERR_ARGUMENT_INVALID('plugin', 'app.routes.plug()', 'a function', describe(found))
}

export function isPlugin (value: unknown): value is AnyPlugin {
  return typeof value === 'function'
}

/** Calls a plugin and waits until it is through. */
export async function call (plugin: AnyPlugin, app: unknown, options: unknown): Promise<void> {
  if (plugin.length < 3) {
    await Reflect.apply(plugin, app, [app, options])
    return
  }
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => error == null ? resolve() : reject(error)
    const result: unknown = Reflect.apply(plugin, app, [app, options, done])
    if (result instanceof Promise) result.catch(reject)
  })
}

/** What is waiting to be loaded in one context. */
export class Loader {
  readonly #tasks: (() => Promise<void>)[] = []

  add (task: () => Promise<void>): void {
    this.#tasks.push(task)
  }

  /** Runs what waits, and what comes meanwhile. */
  async run (): Promise<void> {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) await task()
  }
}
