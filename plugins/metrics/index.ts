/**
 * Metrics for Prometheus: requests, websockets, jobs, connections, the process.
 *
 * Only an app that registers it pays: one hook per request, unless `requests` is false.
 *
 * @module
 */

import createError from '@fastify/error'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Registry } from 'prom-client'
import { boolean, check, checkOptions, string, type Shape } from '../../lib/options.ts'
import type {} from '../signals/index.ts'
import { observe, requestDurations, routeOf, type PromClient } from './metrics.ts'

/** prom-client is not installed. */
export const AIO_ERR_METRICS_PACKAGE = createError(
  'AIO_ERR_METRICS_PACKAGE', 'The metrics plugin needs a package that is not installed: npm install prom-client')

/** Options of the metrics plugin. */
export interface MetricsOptions {
  /**
   * Where Prometheus asks; `false` for an app that answers in another place, from `app.metrics`.
   *
   * @default '/metrics'
   */
  path?: string | false | undefined
  /**
   * What every name begins with, before an underscore.
   *
   * @default 'app'
   */
  namespace?: string | undefined
  /**
   * Measures how long requests take. A route with `config: { metrics: false }` is left out.
   *
   * @default true
   */
  requests?: boolean | undefined
  /**
   * Bounds of the durations, in seconds, rising.
   *
   * @default [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
   */
  buckets?: readonly number[] | undefined
  /**
   * Measures the process, too: CPU, memory, event loop, garbage collection.
   *
   * @default true
   */
  process?: boolean | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The registry of this app: for metrics of one's own. */
    readonly metrics: Registry
  }
  interface FastifyContextConfig {
    /** `false` leaves the route out of the measured requests. */
    metrics?: boolean
  }
}

const rising = check('a list of rising numbers', value => Array.isArray(value) && value.length > 0 &&
  value.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > value[index - 1])))

const path = check('a path that begins with "/", or false',
  value => value === false || (typeof value === 'string' && value.startsWith('/')))

const shape: Shape<MetricsOptions> = {
  path,
  namespace: check('letters, digits and underscores, no digit first', value => string.test(value) &&
    /^(?!\d)\w*$/.test(String(value))),
  requests: boolean,
  buckets: rising,
  process: boolean
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_METRICS_PACKAGE */
export default fp<MetricsOptions>(async function metrics (app, options) {
  checkOptions('the metrics plugin', options, shape)
  const client = await loadClient()
  const registry = new client.Registry()
  const prefix = `${options.namespace ?? 'app'}_`
  app.decorate('metrics', registry)
  if (options.process !== false) client.collectDefaultMetrics({ register: registry, prefix })
  app.addHook('onReady', async () => observe(app, { client, registry, prefix }))
  if (options.requests !== false) {
    const durations = requestDurations({ client, registry, prefix }, options.buckets ?? BUCKETS)
    app.addHook('onResponse', async (request, reply) => {
      if (request.routeOptions.config.metrics === false) return
      const labels = { method: request.method, route: routeOf(request), status: reply.statusCode }
      durations.observe(labels, reply.elapsedTime / 1000)
    })
  }
  if (options.path !== false) answerAt(app, options.path ?? '/metrics')
}, {
  name: 'metrics',
  fastify: '5.x',
  dependencies: ['signals']
})

function answerAt (app: FastifyInstance, path: string): void {
  app.get(path, { config: { metrics: false }, logLevel: 'silent' }, async (_request, reply) =>
    reply.header('cache-control', 'no-store').type(app.metrics.contentType).send(await app.metrics.metrics()))
}

async function loadClient (): Promise<PromClient> {
  try {
    const { default: client } = await import('prom-client')
    return client
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw Object.assign(new AIO_ERR_METRICS_PACKAGE(), { cause: error })
  }
}
