/**
 * Runs a Fastify app, any Fastify app, on sites of its own: aiohttp's `AppRunner`.
 *
 * The app never listens; its `routing` is the request listener of each site's server.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import type {} from '../signals/index.ts'
import { AppKey } from '../state.ts'
import { BaseRunner } from './base-runner.ts'
import { runnerLog, type RunnerLog } from './log.ts'
import type { RunnerOptions } from './options.ts'
import type { Served } from './site-server.ts'
import { sayGoodbye } from './websocket-goodbye.ts'

/** Where an app with `app.state` finds the runner that serves it, with its sites and its phase. */
export const runnerKey = new AppKey<AppRunner>('runner')

/** Runs an app: `setup()`, sites, `cleanup()`. */
export class AppRunner extends BaseRunner {
  readonly app: FastifyInstance
  #closedByApp = false

  /**
   * @throws AIO_ERR_ARGUMENT_INVALID unless `app` is a Fastify instance; AIO_ERR_OPTION_UNKNOWN,
   *   AIO_ERR_OPTION_INVALID
   */
  constructor (app: FastifyInstance, options: RunnerOptions = {}) {
    super('AppRunner', options)
    if (typeof app?.routing !== 'function' || typeof app.ready !== 'function') {
      throw new AIO_ERR_ARGUMENT_INVALID('app', 'AppRunner', 'a Fastify instance', describe(app))
    }
    this.app = app
  }

  protected get log (): RunnerLog {
    return this.options.log ?? runnerLog(this.app.log)
  }

  protected async prepare (): Promise<void> {
    const { app } = this
    // What is registered but not loaded yet may be what brings the state.
    await app.after()
    this.#followClose()
    if (app.hasDecorator('state') && !app.state.frozen && !app.state.has(runnerKey)) app.state.set(runnerKey, this)
    await app.ready()
  }

  protected served (): Served {
    const { app, options } = this
    const { keepAliveTimeout, requestTimeout } = app.server
    return {
      handler: app.routing,
      events: app.server,
      timeout: app.server.timeout,
      maxRequestsPerSocket: app.server.maxRequestsPerSocket ?? 0,
      serverOptions: {
        keepAliveTimeout: options.keepAliveTimeout ?? keepAliveTimeout,
        // Fastify's default of 0 would switch Node's own limit off, and a half-sent body could stay for ever.
        ...(requestTimeout > 0 ? { requestTimeout } : {}),
        ...options.server
      }
    }
  }

  protected async notify (): Promise<void> {
    const { app } = this
    try {
      if (app.hasDecorator('signals')) await app.signals.shutdown()
    } finally {
      await sayGoodbye(app)
    }
  }

  protected giveUp (): void {
    if (this.app.hasDecorator('signals')) this.app.signals.giveUp()
  }

  protected async teardown (): Promise<void> {
    const { app } = this
    // The close that stopped us goes on with its onClose hooks when we are done.
    if (this.#closedByApp) return
    const errors: unknown[] = []
    // Before the app's own onClose hooks, which may close what an onCleanup receiver still needs.
    if (app.hasDecorator('signals')) await app.signals.cleanup().catch(error => errors.push(error))
    await app.close().catch((error: unknown) => errors.push(error))
    if (errors.length > 0) throw new AggregateError(errors, 'Cannot clean up')
  }

  protected waitingFor (): string | null {
    const running = this.app.hasDecorator('signals') ? this.app.signals.running : null
    if (running === null) return null
    return `the ${running.signal} receiver "${running.name}", for ${Math.round(Date.now() - running.since)} ms`
  }

  /** `app.close()` called by somebody else stops the sites as `cleanup()` does, within Fastify's `pluginTimeout`. */
  #followClose (): void {
    try {
      this.app.addHook('preClose', async () => {
        if (this.phase !== 'running') return
        this.#closedByApp = true
        await this.cleanup()
      })
    } catch (error) {
      // An app that was made ready before takes no hooks any more.
      if ((error as { code?: string }).code !== 'FST_ERR_INSTANCE_ALREADY_LISTENING') throw error
    }
  }
}
