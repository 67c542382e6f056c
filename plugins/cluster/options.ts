/**
 * The options of a master, their defaults and their checks.
 *
 * @module
 */

import { availableParallelism } from 'node:os'
import { checkOptions, func, integer, milliseconds, nonEmptyString, listOf, string, type Shape } from '../../lib/options.ts'
import { logToStandardError, type ClusterLog } from './log.ts'

/** Options of `ClusterMaster`; every time is in milliseconds. */
export interface ClusterOptions {
  /**
   * How many workers serve.
   *
   * @default os.availableParallelism()
   */
  workers?: number
  /**
   * The program of a worker; it has to call `runWorker()` or `runCluster()`.
   *
   * @default the program that runs now
   */
  exec?: string
  /**
   * The program's arguments.
   *
   * @default those of this process
   */
  args?: readonly string[]
  /**
   * After what time without a sign of its event loop a worker is killed and replaced; 0 switches that off.
   *
   * @default 30000
   */
  timeout?: number
  /**
   * How long a worker may take to become ready.
   *
   * @default 60000
   */
  bootTimeout?: number
  /**
   * When a worker that was told to stop is killed: the last resort, for a worker has its own hard deadline.
   *
   * @default 100000; `runCluster()`: the hard deadline of a worker and two seconds more
   */
  killTimeout?: number
  /**
   * How many requests a worker serves before another one takes its place; 0 is without limit.
   *
   * @default 0
   */
  maxRequests?: number
  /**
   * A random number up to this is added to each worker's `maxRequests`, so that not all are replaced at once.
   *
   * @default 0
   */
  maxRequestsJitter?: number
  /**
   * A worker that was ready for less than this counts as one that did not live long.
   *
   * @default 10000
   */
  minUptime?: number
  /**
   * After how many such workers in a row the master gives up, unless another one serves.
   *
   * @default 10
   */
  maxCrashes?: number
  /**
   * Called before the first worker is forked: what fails here ends the start before anything listens.
   *
   * @default undefined
   */
  preload?: () => unknown
  /**
   * A file for the master's process id.
   *
   * @default undefined
   */
  pidFile?: string
  /**
   * The processes' title, with ": master" or ": worker" behind it.
   *
   * @default undefined
   */
  title?: string
  /**
   * Takes what happens, one event at a time.
   *
   * @default a line of JSON on standard error
   */
  log?: ClusterLog
}

/** The options with their defaults filled in. */
export type ResolvedClusterOptions = Required<Omit<ClusterOptions, Optional>> & Pick<ClusterOptions, Optional>

/** Options whose absence means something. */
type Optional = 'exec' | 'args' | 'preload' | 'pidFile' | 'title'

export const clusterShape: Shape<ClusterOptions> = {
  workers: integer(1, 1024),
  exec: nonEmptyString,
  args: listOf(string),
  timeout: milliseconds,
  bootTimeout: integer(1),
  killTimeout: integer(1),
  maxRequests: integer(0),
  maxRequestsJitter: integer(0),
  minUptime: milliseconds,
  maxCrashes: integer(1),
  preload: func,
  pidFile: nonEmptyString,
  title: nonEmptyString,
  log: func
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function resolveClusterOptions (where: string, options: ClusterOptions): ResolvedClusterOptions {
  checkOptions(where, options, clusterShape)
  return {
    ...options,
    workers: options.workers ?? availableParallelism(),
    timeout: options.timeout ?? 30_000,
    bootTimeout: options.bootTimeout ?? 60_000,
    killTimeout: options.killTimeout ?? 100_000,
    maxRequests: options.maxRequests ?? 0,
    maxRequestsJitter: options.maxRequestsJitter ?? 0,
    minUptime: options.minUptime ?? 10_000,
    maxCrashes: options.maxCrashes ?? 10,
    log: options.log ?? logToStandardError
  }
}
