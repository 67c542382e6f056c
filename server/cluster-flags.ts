/**
 * The flags that start several workers; their names are gunicorn's, their times milliseconds.
 *
 * @module
 */

import type { RunClusterOptions } from '../plugins/cluster/index.ts'
import { UsageError } from './failure.ts'
import type { Settings } from './settings.ts'

/** What `parseArgs` has to know. */
export const clusterFlags = {
  workers: { type: 'string' },
  timeout: { type: 'string' },
  'max-requests': { type: 'string' },
  'max-requests-jitter': { type: 'string' },
  pid: { type: 'string' },
  name: { type: 'string' },
  preload: { type: 'boolean' },
  'reuse-port': { type: 'boolean' }
} as const

/** Their part of `--help`. */
export const clusterHelp = `      --workers N        so many processes under a master (default: $WEB_CONCURRENCY, or none)
      --timeout MS       replace a worker whose event loop hangs that long (30000, 0: never)
      --max-requests N   replace a worker after so many requests (0: never)
      --max-requests-jitter N  and up to so many more, by chance (0)
      --pid FILE         write the master's process id there
      --name NAME        the title of the processes
      --preload          import the module in the master first, to fail early
      --reuse-port       each worker listens by itself (SO_REUSEPORT, Node 22.12)`

/** The flags as `parseArgs` gives them. */
export type ClusterValues = { [Flag in keyof typeof clusterFlags]?: string | boolean | undefined }

/** What the flags ask for. */
export interface ClusterCommand {
  /** Options of each process, with a master or without. */
  serve: Pick<RunClusterOptions, 'reusePort'>
  /** Options of the master; absent without workers. */
  cluster?: Omit<RunClusterOptions, 'preload'> & { preload: boolean }
}

/** Flags that mean something to a master only. */
const mastersFlags = ['timeout', 'max-requests', 'max-requests-jitter', 'pid', 'name', 'preload'] as const

/**
 * The flags, and beneath them the settings of a file; those of a master are left alone without workers.
 *
 * @throws UsageError
 */
export function parseClusterFlags (
  values: ClusterValues, env: NodeJS.ProcessEnv, settings: Settings
): ClusterCommand {
  const serve = values['reuse-port'] ?? settings.reusePort ? { reusePort: true } : {}
  const workers = values.workers === undefined
    ? parseNumber('WEB_CONCURRENCY', env.WEB_CONCURRENCY || undefined, 1, 1024) ?? settings.workers
    : parseNumber('--workers', values.workers, 1, 1024)
  if (workers === undefined) {
    const useless = mastersFlags.find(flag => values[flag] !== undefined)
    if (useless !== undefined) throw new UsageError(`Option --${useless} is for a master: it needs --workers`)
    return { serve }
  }
  const options = {
    workers,
    timeout: parseNumber('--timeout', values.timeout) ?? settings.timeout,
    maxRequests: parseNumber('--max-requests', values['max-requests']) ?? settings.maxRequests,
    maxRequestsJitter: parseNumber('--max-requests-jitter', values['max-requests-jitter']) ?? settings.maxRequestsJitter,
    pidFile: text('--pid', values.pid) ?? settings.pid,
    title: text('--name', values.name) ?? settings.name
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { serve, cluster: { ...given, preload: values.preload === true || settings.preload === true } }
}

/** @throws UsageError unless it is absent or a whole number within its bounds */
export function parseNumber (
  source: string, value: string | boolean | undefined, min = 0, max = 2 ** 31 - 1
): number | undefined {
  if (value === undefined) return undefined
  const found = /^\d{1,10}$/.test(String(value)) ? Number(value) : NaN
  if (found >= min && found <= max) return found
  throw new UsageError(`Invalid ${source}: expected a whole number from ${min} to ${max}, got "${value}"`)
}

function text (source: string, value: string | boolean | undefined): string | undefined {
  if (value === '') throw new UsageError(`Invalid ${source}: expected some text, got ""`)
  return value === undefined ? undefined : String(value)
}
