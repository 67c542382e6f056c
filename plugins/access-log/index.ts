/**
 * The access log: one line for each response, in aiohttp's format; and aiohttp's named loggers.
 *
 * Not registered it costs nothing. Registered it is one listener for the end of each response, whether it was sent or
 * its client has gone; the format is read once.
 *
 * @module
 */

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { check, checkOptions, describe, func, object, oneOf, string } from '../../lib/options.ts'
import { loggerNames } from '../../lib/loggers.ts'
import { AIO_ERR_ACCESS_LOGGER } from './errors.ts'
import type { Entry } from './entry.ts'
import { ecsFields, fieldsOf, type Fields } from './fields.ts'
import { defaultFormat, parseFormat } from './format.ts'
import { createLoggers, type LoggerLevels, type Loggers } from './loggers.ts'
import { bytesOf, entryOf, protocolErrorEntry, timeOf, watcher } from './record.ts'

export type { LoggerLevels, Loggers } from './loggers.ts'
export { logstashFormat, type LogstashFormat, type LogstashFormatOptions } from './logstash.ts'

/** A logger of one's own; `time` is in milliseconds. With `enabled` false it is not called. */
export interface AccessLogger {
  readonly enabled?: boolean
  log (request: FastifyRequest, reply: FastifyReply, time: number): void
}

/** A class of loggers (aiohttp: AbstractAccessLogger); one is made for the app. */
export type AccessLoggerClass = new (logger: AccessLogTarget, format: string) => AccessLogger

/** Where lines go: Fastify's and pino's loggers fit. */
export interface AccessLogTarget {
  info (fields: object, line: string): void
}

/** Options of the access-log plugin. */
export interface AccessLogOptions {
  /**
   * The line, made of aiohttp's atoms.
   *
   * @default '%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"'
   */
  format?: string | undefined
  /**
   * Adds the values as fields: `true` under aiohttp's names, `'ecs'` under those of the Elastic Common Schema.
   *
   * @default false
   */
  fields?: boolean | 'ecs' | undefined
  /**
   * Where the lines go.
   *
   * @default app.loggers.access, and standard output for an app that logs nothing
   */
  logger?: AccessLogTarget | undefined
  /**
   * Writes in place of all this: a function, or a class or an object with `log(request, reply, time)`.
   *
   * @default none
   */
  accessLogger?: AccessLogger | AccessLoggerClass | AccessLogger['log'] | undefined
  /**
   * Levels of the named loggers.
   *
   * @default that of the app
   */
  levels?: LoggerLevels | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    /** aiohttp's loggers: `app.loggers.web` is `aiohttp.web`. */
    readonly loggers: Loggers
  }
  interface FastifyContextConfig {
    /** `false` leaves the route out of the access log. */
    accessLog?: boolean
  }
}

const target = check('an object with a method "info"', value => typeof Object(value).info === 'function')
const levels = check(`levels for ${loggerNames.join(', ')}`, value => object.test(value) && Object.entries(Object(value))
  .every(([name, level]) => loggerNames.some(known => known === name) && string.test(level)))

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_ACCESS_LOG_FORMAT, AIO_ERR_ACCESS_LOGGER */
export default fp<AccessLogOptions>(async function accessLog (app, options) {
  checkOptions('the access-log plugin', options, {
    format: string,
    fields: oneOf(true, false, 'ecs'),
    logger: target,
    accessLogger: check('a function, a class or an object', value => func.test(value) || object.test(value)),
    levels
  })
  if (!app.hasDecorator('loggers')) app.decorate('loggers', createLoggers(app.log, options.levels ?? {}))
  const logger = options.logger ?? loggerOf(app.loggers.access)
  const write = options.accessLogger === undefined ? writerOf(options, logger) : customWriter(options, logger)
  const watch = watcher(reply => {
    // Counted for all of them: the bytes of a connection are told apart by what was there before.
    const size = bytesOf(reply)
    if (isLogged(reply.request)) attempt(app.log, () => write(reply.request, reply, size))
  })
  app.addHook('onRequest', (_request, reply, done) => {
    watch(reply)
    done()
  })
  if (options.accessLogger === undefined) logProtocolErrors(app, options, logger)
}, {
  name: 'access-log',
  fastify: '5.x'
})

/** A route that logs nothing, such as a health probe, is not in the access log either. */
function isLogged (request: FastifyRequest): boolean {
  const { config, logLevel } = request.routeOptions
  return config.accessLog ?? logLevel !== 'silent'
}

type Write = (request: FastifyRequest, reply: FastifyReply, size: number | undefined) => void

function writerOf (options: AccessLogOptions, logger: AccessLogTarget): Write {
  const write = entryWriter(options, logger)
  const enabled = enabledOf(logger)
  return (request, reply, size) => { if (enabled()) write(entryOf(request, reply, size)) }
}

function entryWriter ({ fields = false, format = defaultFormat }: AccessLogOptions, logger: AccessLogTarget) {
  const parsed = parseFormat(format)
  const nothing: Fields = {}
  const read = fields === 'ecs' ? ecsFields : fields ? fieldsOf(parsed) : () => nothing
  return (entry: Entry) => logger.info(read(entry), parsed.line(entry))
}

/** Whether the level of the logger lets lines through; it may change. */
function enabledOf (logger: AccessLogTarget): () => boolean {
  const { isLevelEnabled } = logger as { isLevelEnabled?: (level: string) => boolean }
  return isLevelEnabled === undefined ? () => true : () => Reflect.apply(isLevelEnabled, logger, ['info'])
}

/** @throws AIO_ERR_ACCESS_LOGGER */
function customWriter (options: AccessLogOptions, target: AccessLogTarget): Write {
  const { accessLogger: Given, format = defaultFormat } = options
  const custom = isLoggerClass(Given) ? new Given(target, format) : Object(typeof Given === 'function' ? { log: Given } : Given)
  if (typeof custom.log !== 'function') throw new AIO_ERR_ACCESS_LOGGER(describe(Given))
  return (request, reply) => {
    if (custom.enabled !== false) custom.log(request, reply, timeOf(reply))
  }
}

function isLoggerClass (value: unknown): value is AccessLoggerClass {
  return typeof value === 'function' && typeof value.prototype?.log === 'function'
}

/** What no route has seen, because it could not be read; the sites of a runner tell. */
function logProtocolErrors (app: FastifyInstance, options: AccessLogOptions, logger: AccessLogTarget): void {
  const write = entryWriter(options, logger)
  app.server.on('protocolError', (error: NodeJS.ErrnoException, socket: { remoteAddress?: string }) => {
    attempt(app.log, () => write(protocolErrorEntry(error, socket.remoteAddress)))
  })
}

/** A line that cannot be written must not cost more than the line. */
function attempt (log: FastifyBaseLogger, write: () => void): void {
  try {
    write()
  } catch (error) {
    log.error({ err: error }, 'Error in the access log')
  }
}

/** Fastify's stand-in for no logger is the only one without a level. */
function loggerOf (log: FastifyBaseLogger): AccessLogTarget {
  return typeof log.level === 'string' ? log : { info: (_fields, line) => { process.stdout.write(`${line}\n`) } }
}
