/**
 * The requests that are in a plugged plugin: its cleanup waits for them.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'

/** A request that is not over. */
export interface ActiveRequest {
  readonly request: FastifyRequest
  /** In milliseconds since the epoch. */
  readonly since: number
}

/** Counts requests in and out. */
export class Activity {
  readonly #active = new Set<ActiveRequest>()
  #onIdle: (() => void) | undefined

  /** From here until its response is sent, or its connection gone. */
  enter (request: FastifyRequest, reply: FastifyReply): void {
    const entry = this.#add(request)
    reply.raw.once('close', () => this.#delete(entry))
  }

  /** A handler may go on after its client has left. */
  hold (request: FastifyRequest, result: unknown): void {
    if (!(result instanceof Promise)) return
    const entry = this.#add(request)
    const over = () => this.#delete(entry)
    result.then(over, over)
  }

  /** Waits until there is none, but no longer than this many milliseconds; gives those that are left. */
  async end (timeout: number): Promise<ActiveRequest[]> {
    if (this.#active.size > 0) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
        timer = setTimeout(resolve, timeout)
      })
      clearTimeout(timer)
    }
    return [...new Map([...this.#active].map(entry => [entry.request, entry])).values()]
  }

  #add (request: FastifyRequest): ActiveRequest {
    const entry = { request, since: Date.now() }
    this.#active.add(entry)
    return entry
  }

  #delete (entry: ActiveRequest): void {
    this.#active.delete(entry)
    if (this.#active.size === 0) this.#onIdle?.()
  }
}
