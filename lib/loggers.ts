/**
 * Names of the loggers, and which one a plugin writes to.
 *
 * @module
 */

/** aiohttp's loggers, without `aiohttp.` before them. */
export const loggerNames = ['access', 'client', 'internal', 'server', 'web', 'websocket'] as const

export type LoggerName = (typeof loggerNames)[number]

/** What an app may have: the loggers when the access-log plugin is registered, and its own. */
export interface HasLoggers<Log> {
  readonly log: Log
  readonly loggers?: Readonly<Record<LoggerName, Log>>
}

/** The logger of that name, which has a level of its own; else that of the app. */
export function loggerOf<Log> (app: HasLoggers<Log>, name: LoggerName): Log {
  return app.loggers?.[name] ?? app.log
}
