/**
 * aiohttp's signals: onStartup, onShutdown, onCleanup, cleanup contexts and onResponsePrepare.
 *
 * Contexts and onStartup run in Fastify's `onReady`, onShutdown when the runner says so and else in
 * `preClose`, contexts in reverse and onCleanup in `onClose`. Encapsulated children share the lists, unless
 * they are sub-applications (`signals.branch()`).
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_APP_FROZEN, AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { checkOptions, describe, integer } from '../../lib/options.ts'
import type { Receiver } from './branch.ts'
import { CleanupError, combine } from './cleanup-error.ts'
import type { CleanupContext } from './contexts.ts'
import type { ShutdownOptions } from './options.ts'
import { ResponsePrepare, type PreparedResponse, type PrepareReceiver } from './prepare.ts'
import { Signals } from './signals.ts'

export { CleanupError } from './cleanup-error.ts'
export type { CleanupOptions, ShutdownOptions } from './options.ts'
export type { FinishedReceiver, RunningReceiver, SignalName } from './receiver-run.ts'
export { Signals } from './signals.ts'
export type { Receiver } from './branch.ts'
export type { CleanupContext } from './contexts.ts'
export type { AppPhase, PhaseListener } from './phase.ts'
export type { RunningWork, WorkSource } from './work.ts'
export type { PreparedHeaders, PreparedResponse, PrepareReceiver } from './prepare.ts'

/** Options of the signals plugin. */
export interface SignalsOptions {
  /**
   * How long one receiver of onShutdown or onCleanup, or leaving one context, may take, in
   * milliseconds. Then it counts as failed and the next one runs. Startup has no limit of ours.
   *
   * @default 10_000
   */
  hookTimeout?: number | undefined
}

/** What `app.signals` offers to those who run the life of an app. */
export interface AppSignals extends
  Pick<Signals<FastifyInstance>,
    'branch' | 'shutdown' | 'giveUp' | 'cleanup' | 'running' | 'finished' | 'frozen' | 'addWork' | 'work' |
    'endWork' | 'phase' | 'onPhase' | 'lame' | 'retire' | 'cancelStartup'> {
  /**
   * Sends onResponsePrepare for a response that goes past Fastify, such as a websocket handshake. What
   * the receivers change is found on `reply`, or on the response given in its place. Fastify's own responses
   * need no call.
   */
  prepareResponse (request: FastifyRequest, reply: FastifyReply | PreparedResponse): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** For those who run the life of the app; the runner is one. */
    readonly signals: AppSignals
    /** Adds a receiver that runs before the app serves; a failing one keeps it from starting. */
    onStartup (receiver: Receiver<FastifyInstance>): void
    /** Adds a receiver that runs while requests still finish: say goodbye to websockets here. */
    onShutdown (receiver: Receiver<FastifyInstance>, options?: ShutdownOptions): void
    /** Adds a receiver that runs when all connections are closed. */
    onCleanup (receiver: Receiver<FastifyInstance>): void
    /** Adds a context: entered in order before onStartup, left in reverse before onCleanup. */
    cleanupContext (context: CleanupContext<FastifyInstance>): void
    /** Adds a receiver that sees every response of this context and its children before it is sent. */
    onResponsePrepare (receiver: PrepareReceiver): void
  }
}

export default fp<SignalsOptions>(async function signals (app, options) {
  checkOptions('the signals plugin', options, { hookTimeout: integer(1, 2 ** 31 - 1) })
  const all = new Signals<FastifyInstance>(options.hookTimeout ?? 10_000)
  const prepare = new ResponsePrepare()

  app.decorate('signals', Object.freeze(expose(all, prepare)))
  app.decorate('onStartup', function (this: FastifyInstance, receiver) { all.addStartup(this, receiver) })
  app.decorate('onShutdown', function (this: FastifyInstance, receiver, options) {
    all.addShutdown(this, receiver, options)
  })
  app.decorate('onCleanup', function (this: FastifyInstance, receiver) { all.addCleanup(this, receiver) })
  app.decorate('cleanupContext', function (this: FastifyInstance, context) { all.addContext(this, context) })
  app.decorate('onResponsePrepare', function (this: FastifyInstance, receiver) {
    addPrepare(this, receiver, all, prepare)
  })

  connect(app, all)
}, {
  name: 'signals',
  fastify: '5.x'
})

function expose (all: Signals<FastifyInstance>, prepare: ResponsePrepare): AppSignals {
  return {
    branch: parent => all.branch(parent),
    shutdown: () => all.shutdown(),
    giveUp: () => all.giveUp(),
    cleanup: options => all.cleanup(options),
    addWork: source => all.addWork(source),
    get work () { return all.work },
    endWork: patience => all.endWork(patience),
    get phase () { return all.phase },
    onPhase: listener => all.onPhase(listener),
    lame: () => all.lame(),
    retire: () => all.retire(),
    cancelStartup: () => all.cancelStartup(),
    get running () { return all.running },
    get finished () { return all.finished },
    get frozen () { return all.frozen },
    prepareResponse: async (request, reply) => { await prepare.run(request, reply) }
  }
}

/** Ties the signals to Fastify's hooks. A hook that resolves to something truthy counts as failed there. */
function connect (app: FastifyInstance, all: Signals<FastifyInstance>): void {
  let ownShutdown: Promise<unknown[]> | undefined

  app.addHook('onReady', () => all.startup())

  app.addHook('preClose', async () => {
    // Who called shutdown() before us has its error. Ours is kept for onClose: thrown here, it would
    // keep the preClose hooks of other plugins from running.
    if (!all.shutdownStarted) ownShutdown = all.shutdown().then(() => [], (error: unknown) => [error])
    await within(all.shutdown().catch(() => {}), app.initialConfig.pluginTimeout)
  })

  app.addHook('onClose', async () => {
    const errors = await ownShutdown ?? []
    // Here as well: the error belongs to who called first.
    const own = !all.cleanupStarted
    await all.cleanup().catch((error: unknown) => { if (own) errors.push(error) })
    if (errors.length > 0) throw combine(errors.flatMap(flatten), 'Cannot close')
  })
}

/** Our own collections become one list; what a receiver threw stays what it is. */
function flatten (error: unknown): unknown[] {
  return error instanceof CleanupError ? error.errors : [error]
}

/** Waits a little less than Fastify's own limit for a hook; onClose, which has none, waits for the rest. */
async function within (promise: Promise<void>, limit: number | undefined): Promise<void> {
  if (limit === undefined || limit === 0) return promise
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>(resolve => { timer = setTimeout(resolve, limit * 0.9) })
  await Promise.race([promise, enough])
  clearTimeout(timer)
}

/** Adds the onSend hook with the first receiver of a context, so that nobody else pays for it. */
function addPrepare (
  app: FastifyInstance, receiver: PrepareReceiver, all: Signals<FastifyInstance>, prepare: ResponsePrepare
): void {
  if (typeof receiver !== 'function') {
    throw new AIO_ERR_ARGUMENT_INVALID('receiver', 'app.onResponsePrepare()', 'a function', describe(receiver))
  }
  // The first of a context needs a hook, which Fastify takes until the startup begins.
  if (all.frozen || (all.startupStarted && !prepare.has(app))) {
    throw new AIO_ERR_APP_FROZEN(`the onResponsePrepare receiver "${receiver.name || 'anonymous'}"`)
  }
  if (!prepare.add(app, receiver)) return
  app.addHook('onSend', async (request, reply, payload: unknown) =>
    prepare.isNearest(app, request) ? prepare.run(request, reply, payload) : undefined)
}
