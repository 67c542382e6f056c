/**
 * What the app is doing now, as one object for the page.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import type {} from '../jobs/index.ts'
import type { RunnerReport } from '../runner/index.ts'
import type { FinishedReceiver, RunningReceiver } from '../signals/index.ts'
import type {} from '../sse/index.ts'
import type {} from '../websockets/index.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { RecentErrors, RecentError } from './recent-errors.ts'
import { routeRows, type RouteRow } from './route-rows.ts'

type Counts = Readonly<Record<string, number>>

/** Everything that changes. */
export interface Snapshot {
  readonly at: number
  readonly pid: number
  /** Seconds since the process began. */
  readonly uptime: number
  /** The runner's phase, or the app's where no runner serves it. */
  readonly phase: string
  readonly sites: readonly string[]
  readonly waitingFor: string | null
  readonly hooks: readonly (FinishedReceiver | RunningReceiver)[]
  readonly connections: Readonly<Record<string, number>>
  /** How many of them are pages like this one. */
  readonly watching: number
  /** Requests and websockets with their age, oldest first; never the page's own. */
  readonly busy: readonly string[]
  readonly generations: RunnerReport['generations']
  readonly websockets: { readonly routes: Counts, readonly groups: Counts }
  readonly eventStreams: number
  readonly jobs: readonly { readonly name: string, readonly since: number, readonly pending: boolean }[]
  readonly routes: readonly RouteRow[]
  /** Fastify's tree of plugins, each with the time it took. */
  readonly plugins: string
  /** Milliseconds of the last second: mean and 99th percentile. */
  readonly loop: { readonly mean: number, readonly p99: number }
  /** Bytes. */
  readonly memory: { readonly rss: number, readonly heapUsed: number, readonly heapTotal: number }
  readonly errors: readonly RecentError[]
}

/** Where a snapshot looks besides the app. */
export interface Sources {
  /** The path of the page's stream, which is not to be waited for. */
  readonly ownPath: string
  /** How many such streams are open. */
  readonly watching: number
  readonly loop: LoopDelay
  readonly errors: RecentErrors
}

/** Takes a snapshot. */
export function takeSnapshot (app: FastifyInstance, { ownPath, watching, loop, errors }: Sources): Snapshot {
  const report = app.runner?.inspect()
  const { running, finished } = app.signals
  const { rss, heapUsed, heapTotal } = process.memoryUsage()
  const counts = app.hasDecorator('websockets') ? app.websockets.counts() : { routes: {}, groups: {} }
  return {
    at: Date.now(),
    pid: process.pid,
    uptime: process.uptime(),
    phase: report?.phase ?? app.signals.phase,
    sites: report?.sites ?? app.addresses().map(place =>
      typeof place === 'string' ? place : `http://${place.address}:${place.port}`),
    waitingFor: report?.waitingFor ?? null,
    hooks: running === null ? finished : [...finished, running],
    connections: report?.connections.counts ?? {},
    watching,
    busy: busyLines(report, ownPath),
    generations: report?.generations ?? [],
    websockets: { routes: counts.routes, groups: counts.groups },
    eventStreams: app.hasDecorator('eventSources') ? app.eventSources.size : 0,
    jobs: app.hasDecorator('jobs')
      ? Array.from(app.jobs, ({ name, pending, since }) => ({ name, since, pending }))
      : [],
    routes: app.hasDecorator('routes') ? routeRows(app) : [],
    // Steps of Fastify's own have the name of a function and tell nobody anything.
    plugins: app.printPlugins().split('\n').filter(line => !line.includes('bound _after')).join('\n'),
    loop: loop.read(),
    memory: { rss, heapUsed, heapTotal },
    errors: errors.newestFirst()
  }
}

/** Requests before websockets: those are what somebody waits for. */
function busyLines (report: RunnerReport | undefined, ownPath: string): string[] {
  const lines = (report?.connections.lines ?? []).filter(line => !line.includes(` ${ownPath} `))
  const isLater = (line: string) => /^(websocket|and \d)/.test(line)
  return [...lines.filter(line => !isLater(line)), ...lines.filter(isLater)]
}
