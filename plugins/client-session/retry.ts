/**
 * What is sent again: requests that are safe to repeat, after a pause, and never so many that a server in trouble
 * gets more of them than it can bear.
 *
 * @module
 */

import { boolean, checkOptions, check, integer, listOf, milliseconds, string, type Shape } from '../../lib/options.ts'
import {
  ClientConnectorCertificateError, ClientConnectorError, ClientOSError, ConnectionTimeoutError, ServerDisconnectedError
} from './errors.ts'
import type { ClientResponse } from './response/response.ts'

/** When a request is sent again. Without them, only a lost connection is tried once more. */
export interface RetryOptions {
  /**
   * How many times after the first.
   *
   * @default 2
   */
  limit?: number
  /**
   * Methods that may be repeated: a POST is none of them unless it is added, for it could be done twice.
   *
   * @default ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']
   */
  methods?: readonly string[]
  /**
   * Statuses that are worth another try.
   *
   * @default [429, 502, 503, 504]
   */
  statuses?: readonly number[]
  /**
   * The longest pause before the second try, in milliseconds; it doubles with each further one.
   *
   * @default 200
   */
  minDelay?: number
  /**
   * The longest pause, in milliseconds.
   *
   * @default 10_000
   */
  maxDelay?: number
  /**
   * Whether a pause is of a random length up to its longest, so that many clients do not come back at once.
   *
   * @default true
   */
  jitter?: boolean
  /**
   * The longest `Retry-After` that is waited for, in milliseconds; beyond it the response is returned.
   *
   * @default 60_000
   */
  maxRetryAfter?: number
  /**
   * Retries in relation to requests, over the whole session: 0.2 is one for five. The first ten are free.
   *
   * @default 0.2
   */
  budget?: number
}

const shape: Shape<RetryOptions> = {
  limit: integer(0),
  methods: listOf(string),
  statuses: listOf(integer(100, 599)),
  minDelay: milliseconds,
  maxDelay: milliseconds,
  jitter: boolean,
  maxRetryAfter: milliseconds,
  budget: check('a number, zero or more', value => typeof value === 'number' && value >= 0)
}

const idempotent = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']
const freeRetries = 10

/** What a session has left to spend on retries. */
export class RetryBudget {
  #left = freeRetries

  earn (amount: number): void {
    this.#left = Math.min(freeRetries, this.#left + amount)
  }

  spend (): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}

/** Decides about one session's, or one request's, retries. */
export class RetryPolicy {
  readonly #options: Required<RetryOptions>

  constructor (options: RetryOptions) {
    checkOptions('retry', options, shape)
    this.#options = {
      limit: 2,
      methods: idempotent,
      statuses: [429, 502, 503, 504],
      minDelay: 200,
      maxDelay: 10_000,
      jitter: true,
      maxRetryAfter: 60_000,
      budget: 0.2,
      ...options
    }
  }

  get budget (): number {
    return this.#options.budget
  }

  /** The pause before the next try, in milliseconds; `undefined` when there is none. */
  afterError (error: unknown, method: string, tries: number): number | undefined {
    if (tries > this.#options.limit) return undefined
    // Nothing was sent when the connection was never there: that is safe for every method.
    const unsent = isUnsent(error)
    if (!unsent && !(isLostConnection(error) && this.#options.methods.includes(method))) return undefined
    return this.#delay(tries)
  }

  /** As afterError(), for a response. */
  afterResponse (response: ClientResponse, tries: number): number | undefined {
    const { limit, methods, statuses, maxRetryAfter } = this.#options
    if (tries > limit || !statuses.includes(response.status) || !methods.includes(response.method)) return undefined
    const wanted = retryAfter(response.headers.get('retry-after'))
    if (wanted === undefined) return this.#delay(tries)
    return wanted > maxRetryAfter ? undefined : Math.max(wanted, 0)
  }

  #delay (tries: number): number {
    const { minDelay, maxDelay, jitter } = this.#options
    const longest = Math.min(maxDelay, minDelay * 2 ** (tries - 1))
    return jitter ? Math.random() * longest : longest
  }
}

/** Whether a request that is safe to repeat is sent once more, although nobody asked for retries (as aiohttp does). */
export function isRepeatable (error: unknown, method: string): boolean {
  return idempotent.includes(method) && isLostConnection(error)
}

/** Whether a connection that was open broke, for whatever reason. */
export function isLostConnection (error: unknown): boolean {
  return error instanceof ServerDisconnectedError ||
    (error instanceof ClientOSError && !(error instanceof ClientConnectorError))
}

function isUnsent (error: unknown): boolean {
  return error instanceof ConnectionTimeoutError ||
    (error instanceof ClientConnectorError && !(error instanceof ClientConnectorCertificateError))
}

/** Seconds or a date (RFC 9110, section 10.2.3), as milliseconds from now. */
function retryAfter (value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : date - Date.now()
}
