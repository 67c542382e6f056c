/**
 * Options for Fastify's logger under which every line is an event of Logstash.
 *
 * @module
 */

/** What `logstashFormat()` adds to every event. */
export interface LogstashFormatOptions {
  /** Further fields, such as `{ service: { name: 'polls' } }`. @default {} */
  fields?: Readonly<Record<string, unknown>> | undefined
}

/** Options of pino: `@timestamp`, `@version`, `message` and `log.level`; `name` is that of the logger. */
export interface LogstashFormat {
  readonly base: Readonly<Record<string, unknown>>
  readonly messageKey: 'message'
  readonly errorKey: 'error'
  timestamp (): string
  readonly formatters: {
    level (label: string): Record<string, unknown>
  }
}

/**
 * Makes the lines of Fastify's logger events of Logstash: `Fastify({ logger: { ...logstashFormat(), stream } })`.
 *
 * The stream may be a file, standard output, or one that sends to Logstash over TCP or UDP (codec `json_lines`).
 */
export function logstashFormat ({ fields = {} }: LogstashFormatOptions = {}): LogstashFormat {
  return {
    base: { '@version': '1', process: { pid: process.pid }, ...fields },
    messageKey: 'message',
    errorKey: 'error',
    timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
    formatters: {
      level: label => ({ 'log.level': label })
    }
  }
}
