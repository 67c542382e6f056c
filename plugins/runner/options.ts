/**
 * The options of a runner, their defaults and their checks.
 *
 * @module
 */

import type { ServerOptions } from 'node:http'
import { boolean, checkOptions, func, integer, milliseconds, object, type Shape } from '../../lib/options.ts'
import { hardeningOption, type HardeningOptions } from './hardening.ts'
import type { Phase } from './shutdown.ts'
import type { RunnerLog } from './log.ts'

/** The longest time that a timer of Node can wait, in milliseconds; more, and `Infinity`, would count as 1. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** Options of `AppRunner` and `ServerRunner`; every time is in milliseconds. */
export interface RunnerOptions {
  /**
   * How long requests, `onShutdown` receivers and websockets have to end, counted from the moment the sites
   * stop listening. What is left then is named in the log and cut.
   *
   * @default 60000
   */
  shutdownTimeout?: number
  /**
   * How long to go on serving, with readiness already false, before the sites stop listening: the time that a
   * load balancer needs to notice.
   *
   * @default 0
   */
  shutdownDelay?: number
  /**
   * How long handlers have, after `request.signal` has aborted, to answer themselves before they are answered
   * for with 503.
   *
   * @default 100
   */
  cancelTimeout?: number
  /**
   * How long leaving cleanup contexts, `onCleanup` receivers and the app's `onClose` hooks may take in all.
   *
   * @default 30000
   */
  cleanupTimeout?: number
  /**
   * How long a connection that is kept alive and idle still gets to send its next request when the runner drains.
   *
   * @default 100
   */
  idleGrace?: number
  /**
   * How long an idle connection is kept alive.
   *
   * @default the app's `keepAliveTimeout` (Fastify: 72000)
   */
  keepAliveTimeout?: number
  /**
   * Installs handlers for SIGINT and SIGTERM: the first begins the shutdown, the second skips the waiting.
   *
   * @default false
   */
  handleSignals?: boolean
  /**
   * What is refused before it reaches the app, and how long clients may take; `false` leaves it to Node.
   *
   * @default true
   */
  hardening?: boolean | HardeningOptions
  /**
   * Node's own options for each site's server, over those that the app brings.
   *
   * @default {}
   */
  server?: ServerOptions
  /**
   * Where the runner reports to.
   *
   * @default the app's log, or standard error when the app has none
   */
  log?: RunnerLog
  /**
   * Called at the beginning of each phase of the shutdown.
   *
   * @default undefined
   */
  onPhase?: (phase: Phase) => void
}

/** The options with their defaults filled in. */
export type ResolvedRunnerOptions = Required<Omit<RunnerOptions, 'keepAliveTimeout' | 'log' | 'onPhase'>> &
  Pick<RunnerOptions, 'keepAliveTimeout' | 'log' | 'onPhase'>

export const runnerShape: Shape<RunnerOptions> = {
  shutdownTimeout: milliseconds,
  shutdownDelay: milliseconds,
  cancelTimeout: milliseconds,
  cleanupTimeout: milliseconds,
  idleGrace: milliseconds,
  keepAliveTimeout: integer(0),
  handleSignals: boolean,
  hardening: hardeningOption,
  server: object,
  log: object,
  onPhase: func
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function resolveRunnerOptions (where: string, options: RunnerOptions): ResolvedRunnerOptions {
  checkOptions(where, options, runnerShape)
  return {
    ...options,
    shutdownTimeout: options.shutdownTimeout ?? 60_000,
    shutdownDelay: options.shutdownDelay ?? 0,
    cancelTimeout: options.cancelTimeout ?? 100,
    cleanupTimeout: options.cleanupTimeout ?? 30_000,
    idleGrace: options.idleGrace ?? 100,
    handleSignals: options.handleSignals ?? false,
    hardening: options.hardening ?? true,
    server: options.server ?? {}
  }
}
