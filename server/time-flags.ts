/**
 * The flags of the times of a shutdown: what a load balancer and a supervisor have to agree on with us.
 *
 * @module
 */

import type { RunAppOptions } from '../plugins/runner/index.ts'
import { parseNumber } from './cluster-flags.ts'
import { UsageError } from './failure.ts'
import type { Settings } from './settings.ts'

/** What `parseArgs` has to know. */
export const timeFlags = {
  'shutdown-delay': { type: 'string' },
  'shutdown-timeout': { type: 'string' },
  'graceful-timeout': { type: 'string' },
  'idle-grace': { type: 'string' },
  'cleanup-timeout': { type: 'string' },
  'keep-alive-timeout': { type: 'string' }
} as const

/** Their part of `--help`. */
export const timeHelp = `      --shutdown-delay MS  go on serving so long, not ready any more, before closing (0):
                     the time in which a load balancer that probes takes us out
      --shutdown-timeout MS  how long requests have to end at a stop (60000);
                     gunicorn's --graceful-timeout
      --idle-grace MS  how long idle connections still get to send a request then (100)
      --cleanup-timeout MS  how long the cleanup may take (30000)
      --keep-alive-timeout MS  how long an idle connection is kept (72000)`

/** The times as options of each process. */
type Times = Pick<RunAppOptions, typeof times[number]>

const times = [
  'shutdownDelay', 'shutdownTimeout', 'idleGrace', 'cancelTimeout', 'cleanupTimeout', 'keepAliveTimeout', 'hardDeadline'
] as const

/** @throws UsageError */
export function parseTimes (
  values: { [Flag in keyof typeof timeFlags]?: string | undefined }, settings: Settings
): Times {
  if (values['shutdown-timeout'] !== undefined && values['graceful-timeout'] !== undefined) {
    throw new UsageError('Options --shutdown-timeout and --graceful-timeout are the same: expected one of them')
  }
  const given: { [Name in keyof Times]?: number | undefined } = {
    shutdownDelay: parseNumber('--shutdown-delay', values['shutdown-delay']),
    shutdownTimeout: parseNumber('--shutdown-timeout', values['shutdown-timeout']) ??
      parseNumber('--graceful-timeout', values['graceful-timeout']),
    idleGrace: parseNumber('--idle-grace', values['idle-grace']),
    cleanupTimeout: parseNumber('--cleanup-timeout', values['cleanup-timeout']),
    keepAliveTimeout: parseNumber('--keep-alive-timeout', values['keep-alive-timeout'])
  }
  const found = times.map(name => [name, given[name] ?? settings[name]] as const)
  return Object.fromEntries(found.filter(([, value]) => value !== undefined))
}
