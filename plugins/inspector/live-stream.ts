/**
 * The stream that the page listens to: a snapshot every second, more often while the app stops.
 *
 * Endless by nature, it must be the last thing a shutdown waits for, and then not be waited for.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { StreamResponse } from '../responses/index.ts'
import type { Snapshot } from './snapshot.ts'

/** How often a snapshot is sent, in milliseconds. */
const INTERVAL = 1_000

/** The same while the app stops, when things happen fast. */
const INTERVAL_WHILE_STOPPING = 100

/** The phases of a runner in which it still waits for somebody. */
const waitingPhases = ['lame', 'unlisten', 'notify', 'drain']

/** Sends snapshots to one page until it leaves, or nothing but such pages is left. */
export class LiveStream {
  readonly #app: FastifyInstance
  readonly #snapshot: () => Snapshot
  readonly #streams: Set<LiveStream>
  #wake = new AbortController()

  /** `streams`: all of the app, this one included as soon as it begins. */
  constructor (app: FastifyInstance, snapshot: () => Snapshot, streams: Set<LiveStream>) {
    this.#app = app
    this.#snapshot = snapshot
    this.#streams = streams
  }

  /** Sends the next snapshot at once. */
  wake (): void {
    this.#wake.abort()
  }

  async run (request: FastifyRequest, reply: FastifyReply): Promise<StreamResponse> {
    const response = new StreamResponse({ headers: { 'cache-control': 'no-store', 'x-accel-buffering': 'no' } })
    response.contentType = 'text/event-stream'
    await response.prepare(request, reply)
    this.#streams.add(this)
    try {
      while (!reply.raw.destroyed) {
        const snapshot = this.#snapshot()
        await response.write(`data: ${JSON.stringify(snapshot)}\n\n`)
        if (this.#isOver(snapshot)) break
        await this.#pause()
      }
      if (!reply.raw.destroyed) await response.write('event: goodbye\ndata: {}\n\n')
    } catch {
      // The page has gone.
    } finally {
      this.#streams.delete(this)
    }
    return response
  }

  /** Whether the app does not serve any more, and nobody but pages like this one keeps it. */
  #isOver ({ phase, connections, jobs }: Snapshot): boolean {
    if (this.#app.signals.phase === 'running' || this.#app.signals.phase === 'lame') return false
    // Replaced by a swap, or closed without a runner.
    if (!waitingPhases.includes(phase)) return true
    const open = Object.values(connections).reduce((sum, count) => sum + count, 0)
    return phase === 'drain' && open <= this.#streams.size && jobs.length === 0
  }

  async #pause (): Promise<void> {
    const { phase } = this.#app.signals
    const interval = phase === 'running' || phase === 'starting' ? INTERVAL : INTERVAL_WHILE_STOPPING
    this.#wake = new AbortController()
    await sleep(interval, undefined, { ref: false, signal: this.#wake.signal }).catch(() => {})
  }
}
