/**
 * The last errors that requests ended with; neither bodies nor query strings, which may hold secrets.
 *
 * @module
 */

import type { FastifyError, FastifyRequest } from 'fastify'

/** How many are kept. */
const KEPT = 20

/** An error of a request. */
export interface RecentError {
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly method: string
  /** The pattern of the route. */
  readonly route: string
  readonly status: number
  readonly name: string
  readonly message: string
  readonly stack: string
}

/** A few errors, the oldest forgotten first. */
export class RecentErrors {
  readonly #errors: RecentError[] = []

  add (request: FastifyRequest, error: FastifyError): void {
    const { name, message, statusCode = 500, stack = '' } = error
    this.#errors.push({
      at: Date.now(),
      method: request.method,
      route: request.routeOptions.url ?? '(no route)',
      status: statusCode,
      name,
      message,
      // The stack of a mistake of the client's leads nowhere.
      stack: statusCode < 500 ? '' : stack.split('\n').slice(1, 6).map(line => line.trim()).join('\n')
    })
    if (this.#errors.length > KEPT) this.#errors.shift()
  }

  newestFirst (): RecentError[] {
    return this.#errors.toReversed()
  }
}
