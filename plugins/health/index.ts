/**
 * Health: where the process says that it lives, and that it wants requests, as Kubernetes asks (livez, readyz).
 *
 * Readiness follows the life of the app: 503 as soon as a shutdown begins, before the listeners close. Liveness
 * stays 200 meanwhile. Works in any Fastify app; the first phase of a runner's shutdown is seen with the signals
 * plugin only.
 *
 * @module
 */

import type {
  FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, RouteShorthandOptions
} from 'fastify'
import fp from 'fastify-plugin'
import type {} from '../remotes/index.ts'
import type { AppPhase } from '../signals/index.ts'
import { Check, type CheckResult } from './checks.ts'
import { EventLoopDelay } from './event-loop.ts'
import { checkHealthOptions, resolveCheck, type HealthOptions } from './options.ts'

export type { CheckResult } from './checks.ts'
export type { HealthCheck, HealthCheckOptions, HealthOptions } from './options.ts'

/** What is known about the app's health. */
export interface HealthReport {
  /** `degraded`: ready, but a check that is not critical failed. */
  readonly status: 'ok' | 'degraded' | 'failed'
  /** Where the app is in its life; ready is `running` only. */
  readonly phase: AppPhase
  readonly checks: Readonly<Record<string, CheckResult>>
}

/** What `app.health` offers. */
export interface AppHealth {
  /** Runs the checks, or remembers their results, and says whether the app is ready. Never rejects. */
  ready (): Promise<HealthReport>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The health of the app, for those who do not ask over HTTP. */
    readonly health: AppHealth
  }
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export default fp<HealthOptions>(async function health (app, options) {
  checkHealthOptions(options)
  const { livez = '/livez', readyz = '/readyz', maxEventLoopDelay = 0 } = options
  const checks = Object.entries(options.checks ?? {})
    .map(([name, given]) => new Check(resolveCheck(name, given, options)))
  const phase = followLife(app)
  const ready = () => report(phase(), checks)
  app.decorate('health', Object.freeze({ ready }))

  const probe = (path: string | false, ask: () => Promise<HealthReport>) => {
    if (path === false) return
    app.get(path, routeOptions(options), async (request, reply) => answer(await ask(), request, reply, options))
  }
  const loop = maxEventLoopDelay === 0 ? null : watch(app)
  probe(readyz, ready)
  probe(livez, async () => alive(phase(), loop?.take(), maxEventLoopDelay))
}, {
  name: 'health',
  fastify: '5.x'
})

/** Where the app is in its life: the signals know it best, else Fastify's own hooks tell. */
function followLife (app: FastifyInstance): () => AppPhase {
  let phase: AppPhase = 'starting'
  app.addHook('onReady', async () => { phase = 'running' })
  app.addHook('preClose', async () => { phase = 'stopping' })
  app.addHook('onClose', async () => { phase = 'closed' })
  return () => app.hasDecorator('signals') ? app.signals.phase : phase
}

function watch (app: FastifyInstance): EventLoopDelay {
  const loop = new EventLoopDelay()
  app.addHook('onReady', async () => loop.start())
  app.addHook('onClose', async () => loop.stop())
  return loop
}

async function report (phase: AppPhase, checks: readonly Check[]): Promise<HealthReport> {
  // What the checks ask may be closed already, and nobody wants requests any more.
  const asked = phase === 'running' ? checks : []
  const results = await Promise.all(asked.map(async check => [check.name, await check.result()] as const))
  const failed = results.filter(([, { status }]) => status === 'failed')
  const unfit = phase !== 'running' || failed.some(([, { critical }]) => critical)
  return {
    status: unfit ? 'failed' : failed.length > 0 ? 'degraded' : 'ok',
    phase,
    checks: Object.fromEntries(results)
  }
}

function alive (phase: AppPhase, delay: number | undefined, limit: number): HealthReport {
  if (delay === undefined) return { status: 'ok', phase, checks: {} }
  const late = delay > limit
  const duration = Math.round(delay)
  return {
    status: late ? 'failed' : 'ok',
    phase,
    checks: {
      eventLoop: {
        status: late ? 'failed' : 'ok',
        critical: true,
        duration,
        age: 0,
        ...late ? { error: `late by ${duration} ms, more than ${limit} ms` } : {}
      }
    }
  }
}

/** Probes come from inside: no log, no checks of host or proxy, no place in a document of the API. */
function routeOptions ({ logLevel = 'silent' }: HealthOptions): RouteShorthandOptions {
  // Swagger's own word, which is no part of Fastify's types.
  const schema: FastifySchema & { hide: boolean } = { hide: true }
  return { logLevel, schema, config: { remotes: false } }
}

async function answer (
  report: HealthReport, request: FastifyRequest, reply: FastifyReply, options: HealthOptions
): Promise<unknown> {
  const { status } = report
  const { details = false, retryAfter = 1000 } = options
  reply.header('cache-control', 'no-store')
  if (status === 'failed') reply.code(503).header('retry-after', Math.ceil(retryAfter / 1000))
  const verbose = typeof request.query === 'object' && request.query !== null && 'verbose' in request.query
  const allowed = verbose && (typeof details === 'function' ? await details(request) : details)
  return allowed === true ? report : reply.type('text/plain; charset=utf-8').send(status)
}
