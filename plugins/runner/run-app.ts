/**
 * Runs an app until the process is told to stop: aiohttp's `run_app`.
 *
 * The only place that owns the process: signals, uncaught errors, exit status, the hard deadline.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import {
  boolean, check, checkOptions, either, func, integer, listOf, nonEmptyString, object, oneOf, string, type Shape
} from '../../lib/options.ts'
import { AppRunner } from './app-runner.ts'
import { LONGEST_TIMER, resolveRunnerOptions, runnerShape, type RunnerOptions } from './options.ts'
import { ProcessOwner } from './process-owner.ts'
import type { TLSOptions } from './site-server.ts'
import type { BaseSite } from './sites/base-site.ts'
import { SockSite, type ListeningSocket } from './sites/sock-site.ts'
import { TCPSite } from './sites/tcp-site.ts'
import { UnixSite } from './sites/unix-site.ts'

/** Options of `runApp`; several of `host`, `path` and `sock` may be given at once. */
export interface RunAppOptions extends Omit<RunnerOptions, 'handleSignals'> {
  /**
   * Addresses or names to listen at.
   *
   * @default every address, unless `path`, `sock` or `sites` is given
   */
  host?: string | readonly string[]
  /**
   * The port for each host; 0 lets the system choose.
   *
   * @default 8080, or 8443 with TLS
   */
  port?: number
  /**
   * Paths of Unix sockets to listen at.
   *
   * @default []
   */
  path?: string | readonly string[]
  /**
   * Sockets that listen already.
   *
   * @default []
   */
  sock?: ListeningSocket | readonly ListeningSocket[]
  /**
   * Makes further sites of the runner; alone it replaces TCP, as `path` and `sock` do.
   *
   * @default undefined
   */
  sites?: (runner: AppRunner) => Iterable<BaseSite>
  /**
   * Serves HTTPS on every site, with these options of `node:tls`.
   *
   * @default undefined
   */
  tls?: TLSOptions
  /**
   * How many connections the kernel may queue at each site.
   *
   * @default 511
   */
  backlog?: number
  /**
   * Lets several processes listen at the same port.
   *
   * @default false
   */
  reusePort?: boolean
  /**
   * Prints the banner; `null` keeps quiet.
   *
   * @default console.log
   */
  print?: ((text: string) => void) | null
  /**
   * Handles SIGINT, SIGTERM, uncaught exceptions and unhandled rejections, and sets the exit status.
   *
   * @default true
   */
  handleSignals?: boolean
  /**
   * Called once all sites listen, with the runner: to swap apps, or to add sites.
   *
   * @default undefined
   */
  onRunning?: (runner: AppRunner) => void
  /**
   * Stops the app when it aborts.
   *
   * @default undefined
   */
  signal?: AbortSignal
  /**
   * When the process is killed, counted from the beginning of the shutdown, whatever it is doing then.
   *
   * @default TERMINATION_GRACE_SECONDS less two seconds if that is set, else what the phases may take together and
   *   two seconds more
   */
  hardDeadline?: number
}

/** An app, or a function that makes one. */
export type AppSource = FastifyInstance | PromiseLike<FastifyInstance> |
  (() => FastifyInstance | PromiseLike<FastifyInstance>)

const { handleSignals: _, ...shapeOfRunner } = runnerShape
const runnerKeys = Object.keys(shapeOfRunner) as (keyof typeof shapeOfRunner)[]

const socket = check('a net.Server or { fd }', value => typeof value === 'object' && value !== null)
/** The checks of the options of `runApp`. */
export const runAppShape: Shape<RunAppOptions> = {
  ...shapeOfRunner,
  host: either(string, listOf(string)),
  port: integer(0, 65_535),
  path: either(nonEmptyString, listOf(nonEmptyString)),
  sock: either(listOf(socket), socket),
  sites: func,
  tls: object,
  backlog: integer(0, 65_535),
  reusePort: boolean,
  print: either(func, oneOf(null)),
  handleSignals: boolean,
  onRunning: func,
  signal: check('an AbortSignal', value => value instanceof AbortSignal),
  hardDeadline: integer(1)
}

/**
 * Starts `app` at all its sites, prints the banner, and resolves when the app has been stopped and cleaned up.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID; the error of a failed start, after everything that had
 *   started has been left again; the errors of hooks during the shutdown
 */
export async function runApp (app: AppSource, options: RunAppOptions = {}): Promise<void> {
  checkOptions('runApp', options, runAppShape)
  const { print = console.log, handleSignals = true, signal } = options
  const runnerOptions = pick(options, ...runnerKeys)
  const hardDeadline = hardDeadlineOf(options)
  const instance = await (typeof app === 'function' ? app() : app)
  const runner = new AppRunner(instance, {
    ...runnerOptions,
    shutdownTimeout: softTimeout(runnerOptions, hardDeadline),
    onPhase (phase) {
      owner.enter(phase)
      runnerOptions.onPhase?.(phase)
    }
  })
  const owner = new ProcessOwner(runner, { handleSignals, signal, hardDeadline })
  owner.begin()
  try {
    await runner.setup()
    for (const site of sitesOf(runner, options)) if (!owner.stopping) await site.start()
  } catch (error) {
    if (!owner.stopping) throw await afterCleanup(owner, error)
  }
  if (!owner.stopping) {
    print?.(banner(runner.sites))
    options.onRunning?.(runner)
  }
  await owner.untilStopped()
}

/** The error of a failed start, together with those of leaving what had started. */
async function afterCleanup (owner: ProcessOwner, error: unknown): Promise<unknown> {
  try {
    await owner.stopFailed()
    return error
  } catch (other) {
    return new AggregateError([error, other], error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** How long `runApp` with these options may take to end, in milliseconds. */
export function hardDeadlineOf (options: RunAppOptions): number {
  return Math.min(options.hardDeadline ?? defaultDeadline(pick(options, ...runnerKeys)), LONGEST_TIMER)
}

/** What the phases may take together and a little more, or what the orchestrator grants less two seconds. */
function defaultDeadline (options: RunnerOptions): number {
  const granted = Number(process.env.TERMINATION_GRACE_SECONDS)
  if (granted > 2) return (granted - 2) * 1000
  const { shutdownDelay, shutdownTimeout, cancelTimeout, cleanupTimeout } = resolveRunnerOptions('runApp', options)
  return shutdownDelay + shutdownTimeout + cancelTimeout + cleanupTimeout + 3000
}

/** Leaves a tenth of the hard deadline for cutting and cleaning up. */
function softTimeout (options: RunnerOptions, hardDeadline: number): number {
  const { shutdownDelay, shutdownTimeout, cancelTimeout } = resolveRunnerOptions('runApp', options)
  return Math.max(0, Math.min(shutdownTimeout, hardDeadline * 0.9 - shutdownDelay - cancelTimeout))
}

function * sitesOf (runner: AppRunner, options: RunAppOptions): Iterable<BaseSite> {
  const { host, port, path, sock, sites, reusePort } = options
  const common = pick(options, 'tls', 'backlog')
  const tcp = { ...common, ...pick(options, 'port', 'reusePort') }
  const elsewhere = path !== undefined || sock !== undefined || sites !== undefined
  if (host !== undefined) for (const item of [host].flat()) yield new TCPSite(runner, { ...tcp, host: item })
  else if (!elsewhere || port !== undefined || reusePort === true) yield new TCPSite(runner, tcp)
  for (const item of list(path)) yield new UnixSite(runner, item, common)
  for (const item of list(sock)) yield new SockSite(runner, item, common)
  if (sites !== undefined) yield * sites(runner)
}

function banner (sites: Iterable<BaseSite>): string {
  const names = Array.from(sites, ({ name }) => name).sort()
  return `======== Running on ${names.join(', ')} ========\n(Press CTRL+C to quit)`
}

function list<Item> (value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value as readonly Item[] : [value as Item]
}

/** The given keys of an object, without those that are undefined. */
function pick<From extends object, Key extends keyof From> (from: From, ...keys: Key[]): Pick<From, Key> {
  const entries = keys.filter(key => from[key] !== undefined).map(key => [key, from[key]])
  return Object.fromEntries(entries) as Pick<From, Key>
}
