/**
 * aiohttp's six loggers, as children of the app's.
 *
 * @module
 */

import type { FastifyBaseLogger } from 'fastify'
import { loggerNames, type LoggerName } from '../../lib/loggers.ts'

/** The loggers by the last word of their name: `loggers.access` is `aiohttp.access`. */
export type Loggers = Readonly<Record<LoggerName, FastifyBaseLogger>>

/** Levels of loggers that have another than the app's. */
export type LoggerLevels = Partial<Record<LoggerName, string>>

export function createLoggers (log: FastifyBaseLogger, levels: LoggerLevels): Loggers {
  const children = loggerNames.map(name => {
    const level = levels[name]
    return [name, log.child({ name: `aiohttp.${name}` }, level === undefined ? {} : { level })] as const
  })
  return Object.fromEntries(children) as Record<LoggerName, FastifyBaseLogger>
}
