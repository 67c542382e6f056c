/**
 * A plugin that is added and removed as one while the app runs: its routes, its hooks, and what it has to clean up.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { checkOptions, milliseconds } from '../../../lib/options.ts'
import signals from '../../signals/index.ts'
import { AIO_ERR_ROUTE_REMOVED } from '../errors.ts'
import type { RouteData } from '../routing.ts'
import type { Route } from '../table.ts'
import { Activity } from './activity.ts'
import { load } from './facade.ts'
import { kLive } from './doors.ts'
import { LiveContext } from './live-context.ts'
import type { LiveRoutes } from './live-routes.ts'
import type { AnyPlugin } from './loader.ts'

/** Options of `remove()` of a plugged plugin. */
export interface UnplugOptions {
  /**
   * Milliseconds its requests and websockets have to end before its cleanup runs; those that are left are named in the
   * log.
   *
   * @default 60000
   */
  timeout?: number | undefined
}

/** The life of one plugged plugin. */
export class Plug {
  readonly context: LiveContext
  readonly #live: LiveRoutes
  readonly #activity = new Activity()
  #removal: Promise<void> | undefined
  routes: readonly Route<RouteData>[] = []

  constructor (live: LiveRoutes, app: FastifyInstance, prefix: string) {
    this.#live = live
    this.context = live.createContext(app, prefix, `a plugin below "${prefix}"`, this.#activity)
  }

  /** Loads the plugin and adds its routes, or throws and leaves nothing. */
  async start (plugin: AnyPlugin, options: object): Promise<void> {
    const { context, context: { unit } } = this
    try {
      if (context.owner.hasDecorator('signals')) await this.#addSignals()
      await load(context, this.#live.facades, plugin, { ...options, prefix: '' })
      for (const hook of unit.onReady) await hook()
      this.routes = this.#live.commit(unit)
    } catch (error) {
      const errors = await runAll([...unit.preClose, ...unit.onClose.toReversed()])
      throw errors.length === 0 ? error : new AggregateError([error, ...errors], 'Cannot plug the plugin')
    }
  }

  /** Takes the routes away at once, waits for their requests, then runs the cleanup. @throws AIO_ERR_ROUTE_REMOVED */
  remove (options: UnplugOptions): Promise<void> {
    if (this.#removal !== undefined) throw new AIO_ERR_ROUTE_REMOVED(`the plugin below "${this.context.prefix}"`)
    checkOptions('remove()', options, { timeout: milliseconds })
    this.#live.remove([...this.routes, ...this.context.unit.later])
    this.#removal = this.#end(options.timeout ?? 60_000)
    return this.#removal
  }

  /** The end of the app: its requests are over, or have been given up. */
  async close (): Promise<void> {
    await (this.#removal ?? this.remove({ timeout: 0 }))
  }

  async #end (timeout: number): Promise<void> {
    const { unit, owner } = this.context
    const errors = await runAll(unit.preClose)
    // Those that are opened while others are being closed come to their end, too.
    this.#closeWebSockets()
    const left = await this.#activity.end(timeout)
    for (const { request, since } of left) {
      owner.log.warn({ req: request }, `Removing a plugin while a request has been in it for ${Date.now() - since} ms`)
    }
    errors.push(...await runAll(unit.onClose.toReversed()))
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `Cannot clean up: ${errors.length} errors`)
  }

  #closeWebSockets (): void {
    const { owner } = this.context
    if (!owner.hasDecorator('websockets')) return
    for (const websocket of owner.websockets) {
      if (websocket.request[kLive]?.activity !== this.#activity) continue
      websocket.close({ code: 1001, message: 'Route removed' }).catch((error: unknown) => {
        owner.log.warn({ err: error }, 'Cannot close a websocket')
      })
    }
  }

  /** The plugin has a life of its own: contexts and receivers it adds are not those of the app, which has started. */
  async #addSignals (): Promise<void> {
    const { context } = this
    const side = new LiveContext(context.owner, context.unit, context)
    await load(side, this.#live.facades, signals as AnyPlugin, {})
    for (const name of ['onStartup', 'onShutdown', 'onCleanup', 'cleanupContext']) {
      Object.defineProperty(context.app, name, { value: Reflect.get(side.app, name), configurable: true })
    }
  }
}

/** Runs all, even if some fail. */
async function runAll (hooks: readonly (() => unknown)[]): Promise<unknown[]> {
  const errors: unknown[] = []
  for (const hook of hooks) {
    try {
      await hook()
    } catch (error) {
      errors.push(error)
    }
  }
  return errors
}
