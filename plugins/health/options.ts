/**
 * The options of the health plugin and their checks.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import {
  boolean, check, checkOptions, either, func, integer, milliseconds, nonEmptyString, object, oneOf, type Shape
} from '../../lib/options.ts'

/** Passes unless it throws, rejects or resolves to `false`; must end soon after `signal` has aborted. */
export type HealthCheck = (context: { readonly signal: AbortSignal }) => unknown

/** A check with options of its own. */
export interface HealthCheckOptions {
  /** The check itself. */
  check: HealthCheck
  /**
   * When to give up waiting, in milliseconds.
   *
   * @default the plugin's `timeout`
   */
  timeout?: number | undefined
  /**
   * For how long a result counts, in milliseconds.
   *
   * @default the plugin's `cacheTime`
   */
  cacheTime?: number | undefined
  /**
   * Whether the app is not ready without it; otherwise it is `degraded`, and ready.
   *
   * @default true
   */
  critical?: boolean | undefined
}

/** Options of the health plugin; every time is in milliseconds. */
export interface HealthOptions {
  /**
   * Where the process says that it lives (Kubernetes: livenessProbe); `false` for nowhere.
   *
   * @default '/livez'
   */
  livez?: string | false | undefined
  /**
   * Where the app says that it wants requests (Kubernetes: readinessProbe); `false` for nowhere.
   *
   * @default '/readyz'
   */
  readyz?: string | false | undefined
  /**
   * What has to work for the app to be ready, by name.
   *
   * @default {}
   */
  checks?: Readonly<Record<string, HealthCheck | HealthCheckOptions>> | undefined
  /**
   * How long each check may take. Keep it below the `timeoutSeconds` of the probe.
   *
   * @default 800
   */
  timeout?: number | undefined
  /**
   * For how long a result counts; probes within that time do not run the check again.
   *
   * @default 1000
   */
  cacheTime?: number | undefined
  /**
   * Who gets the state of each check, asked for with `?verbose`: everybody, nobody, or those a function lets.
   *
   * @default false
   */
  details?: boolean | ((request: FastifyRequest) => boolean | Promise<boolean>) | undefined
  /**
   * Liveness fails when the event loop was late by more than this since the last probe, in 99 of 100
   * measurements; 0 does not measure.
   *
   * @default 0
   */
  maxEventLoopDelay?: number | undefined
  /**
   * What `Retry-After` says while the app is not ready; sent in whole seconds, rounded up.
   *
   * @default 1000
   */
  retryAfter?: number | undefined
  /**
   * From which level on probes are logged; as with every `register()` of Fastify, it may not be `undefined`.
   *
   * @default 'silent'
   */
  logLevel?: 'silent' | 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
}

/** The options of a check with their defaults filled in. */
export interface ResolvedCheck {
  readonly name: string
  readonly check: HealthCheck
  readonly timeout: number
  readonly cacheTime: number
  readonly critical: boolean
}

const path = either(
  check('a path that begins with "/"', value => typeof value === 'string' && value.startsWith('/')), oneOf(false))
// More than the longest timer of Node would be none at all.
const timeout = integer(1, 2 ** 31 - 1)

const shape: Shape<HealthOptions> = {
  livez: path,
  readyz: path,
  checks: object,
  timeout,
  cacheTime: milliseconds,
  details: either(boolean, func),
  maxEventLoopDelay: milliseconds,
  retryAfter: milliseconds,
  logLevel: oneOf('silent', 'trace', 'debug', 'info', 'warn', 'error', 'fatal')
}

const checkShape: Shape<HealthCheckOptions> = { check: func, timeout, cacheTime: milliseconds, critical: boolean }

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export function checkHealthOptions (options: HealthOptions): void {
  checkOptions('the health plugin', options, shape)
}

/**
 * A check with everything that it has not said itself.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function resolveCheck (
  name: string, given: HealthCheck | HealthCheckOptions, { timeout = 800, cacheTime = 1000 }: HealthOptions
): ResolvedCheck {
  const where = `the health check "${name}"`
  checkOptions('the checks of the health plugin', { name }, { name: nonEmptyString })
  const options = typeof given === 'function' ? { check: given } : given
  checkOptions(where, options, checkShape)
  // A check that was left out is one that was forgotten.
  checkOptions(where, { check: options.check ?? null }, { check: func })
  return {
    name,
    check: options.check,
    timeout: options.timeout ?? timeout,
    cacheTime: options.cacheTime ?? cacheTime,
    critical: options.critical ?? true
  }
}
