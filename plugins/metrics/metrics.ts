/**
 * What is measured: requests as they end, and what the app and its process hold when somebody asks.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Gauge, Histogram, Registry } from 'prom-client'
import type {} from '../jobs/index.ts'
import type {} from '../runner/index.ts'
import type {} from '../sse/index.ts'
import type {} from '../websockets/index.ts'

/** The classes of the library, which is loaded only when it is used. */
export type PromClient = typeof import('prom-client')

/** What all measuring needs to know. */
export interface Measuring {
  readonly client: PromClient
  readonly registry: Registry
  /** Before every name. */
  readonly prefix: string
}

/** How long requests take, by method, route and status. */
export function requestDurations ({ client, registry, prefix }: Measuring, buckets: readonly number[]): Histogram {
  return new client.Histogram({
    name: `${prefix}http_request_duration_seconds`,
    help: 'Seconds from the head of a request to the end of its response',
    labelNames: ['method', 'route', 'status'],
    buckets: [...buckets],
    registers: [registry]
  })
}

/** The pattern of a route, never the path: a path for every visitor would be a series for every visitor. */
export function routeOf (request: FastifyRequest): string {
  return request.is404 ? 'none' : request.routeOptions.url ?? 'none'
}

/** Gauges of whatever plugins the app has; they are read only when somebody asks. */
export function observe (app: FastifyInstance, measuring: Measuring): void {
  observeWebSockets(app, measuring)
  gauge(measuring, 'event_streams', 'Open streams of server-sent events', [], set => {
    if (app.hasDecorator('eventSources')) set({}, app.eventSources.size)
  })
  gauge(measuring, 'jobs', 'Background jobs', ['state'], set => {
    if (!app.hasDecorator('jobs')) return
    set({ state: 'active' }, app.jobs.activeCount)
    set({ state: 'pending' }, app.jobs.pendingCount)
  })
  gauge(measuring, 'connections', 'Connections of all sites', ['state'], set => {
    const { counts = {} } = app.runner?.inspect().connections ?? {}
    for (const [state, count] of Object.entries(counts)) set({ state }, count)
  })
  gauge(measuring, 'ready', 'Whether the app wants requests: 1, or 0 while it starts and stops', [], set => {
    set({}, app.signals.phase === 'running' ? 1 : 0)
  })
  gauge(measuring, 'generation', 'How many apps the runner has served, the one that serves included', [], set => {
    const newest = app.runner?.inspect().generations.at(-1)
    if (newest !== undefined) set({}, newest.number)
  })
}

function observeWebSockets (app: FastifyInstance, measuring: Measuring): void {
  if (!app.hasDecorator('websockets')) return
  gauge(measuring, 'websockets', 'Open websockets', ['route'], set => {
    for (const [route, count] of Object.entries(app.websockets.counts().routes)) set({ route }, count)
  })
  for (const [event, help] of [
    ['opened', 'Websockets opened so far'],
    ['refused', 'Websockets refused so far'],
    ['broadcasts', 'Broadcasts so far'],
    ['delivered', 'Messages of broadcasts sent so far'],
    ['dropped', 'Websockets dropped because they were too slow']
  ] as const) {
    const { client, registry, prefix } = measuring
    const counter = new client.Counter({
      name: `${prefix}websockets_${event}_total`,
      help,
      registers: [registry],
      collect () {
        this.reset()
        this.inc(app.websockets.counts()[event])
      }
    })
    counter.reset()
  }
}

/** A gauge without values of last time. */
function gauge (
  { client, registry, prefix }: Measuring, name: string, help: string, labelNames: readonly string[],
  collect: (set: (labels: Record<string, string>, value: number) => void) => void
): Gauge {
  return new client.Gauge({
    name: prefix + name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect () {
      this.reset()
      collect((labels, value) => this.set(labels, value))
    }
  })
}
