/**
 * A worker's line to its master: it says that it is ready and alive, and hears when to stop.
 *
 * @module
 */

import cluster from 'node:cluster'
import type { AppRunner } from '../runner/index.ts'
import { isMasterMessage, type WorkerMessage, type WorkerOrders } from './messages.ts'

/** Signals for the master alone; a terminal and a service manager send them to the whole process group. */
const mastersSignals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGQUIT', 'SIGTTIN', 'SIGTTOU']

/** One worker's line. */
export class MasterLine {
  readonly #orders: WorkerOrders
  readonly #stop = new AbortController()
  #runner: AppRunner | null = null
  #hurried = false
  #beat: NodeJS.Timeout | undefined

  constructor (orders: WorkerOrders) {
    this.#orders = orders
    for (const signal of mastersSignals) process.on(signal, ignore)
    process.on('message', this.#hear)
    // Otherwise Node ends a worker whose master has died at once, with all its requests.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    process.once('disconnect', this.#leave)
    if (!process.connected) this.#leave()
  }

  /** Aborts when the worker has to stop: the master says so, or is gone. */
  get signal (): AbortSignal {
    return this.#stop.signal
  }

  /** The runner is set up. */
  begin (runner: AppRunner): void {
    this.#runner = runner
  }

  /** All sites listen. */
  ready (banner: string): void {
    const { beat, maxRequests } = this.#orders
    if (maxRequests > 0) this.#count(maxRequests)
    if (beat > 0) this.#beat = setInterval(this.#showLife, beat)
    this.#say({ worker: 'ready', banner })
  }

  /** Closes the line, which would keep the process alive. */
  hangUp (): void {
    clearInterval(this.#beat)
    for (const signal of mastersSignals) process.off(signal, ignore)
    process.off('message', this.#hear)
    process.off('disconnect', this.#leave)
    if (process.connected) process.disconnect()
  }

  readonly #leave = () => { this.#stop.abort() }

  readonly #showLife = () => { this.#say({ worker: 'beat', connections: this.#runner?.connections.size ?? 0 }) }

  readonly #hear = (message: unknown) => {
    if (!isMasterMessage(message)) return
    this.#stop.abort()
    if (message.master === 'hurry' && !this.#hurried) {
      this.#hurried = true
      // Whatever fails is the result of the run itself.
      this.#runner?.hurry().catch(() => {})
    }
  }

  /** Only where it was asked for: this is work for every request. */
  #count (maxRequests: number): void {
    let count = 0
    const note = () => {
      count += 1
      if (count === maxRequests) this.#say({ worker: 'spent' })
    }
    for (const site of this.#runner?.sites ?? []) {
      for (const server of site.servers) server.on('request', note)
    }
  }

  #say (message: WorkerMessage): void {
    if (process.connected) process.send?.(message)
  }
}

function ignore (): void {}
