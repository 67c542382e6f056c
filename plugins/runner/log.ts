/**
 * Where a runner reports to: the app's log, or standard error when the app logs nothing.
 *
 * A shutdown that cut something must be seen, also by those who never switched Fastify's logger on.
 *
 * @module
 */

/** What a runner needs of a logger; Fastify's and pino's fit. */
export interface RunnerLog {
  info (message: string): void
  warn (message: string): void
  error (details: { err: unknown }, message: string): void
}

/** The given log, or standard error if it is the one that Fastify uses for `logger: false`. */
export function runnerLog (log: RunnerLog & { level?: unknown }): RunnerLog {
  // Fastify's stand-in for no logger is the only one without a level.
  return typeof log.level === 'string' ? log : standardError
}

/** Warnings and errors on standard error, one line or report each. */
export const standardError: RunnerLog = {
  info () {},
  warn (message) {
    process.stderr.write(`${message}\n`)
  },
  error ({ err }, message) {
    process.stderr.write(`${message}: ${err instanceof Error ? err.stack ?? err.message : String(err)}\n`)
  }
}
