/**
 * One worker as its master sees it: a process that boots, serves, is told to stop, and ends.
 *
 * @module
 */

import cluster, { type Worker } from 'node:cluster'
import { isWorkerMessage, ORDERS, type MasterMessage, type WorkerOrders } from './messages.ts'

/** How long a process has between SIGABRT and SIGKILL, in milliseconds. */
const ABORT_TIME = 1000

/** Where a worker is in its life. */
export type WorkerState = 'booting' | 'ready' | 'stopping' | 'ended'

/** What a master wants to hear of a worker. */
export interface WorkerListener {
  ready (banner: string): void
  /** It has served as many requests as it should. */
  spent (): void
  /** It did not stop, or not become ready, in time; it is being killed. */
  killed (reason: string): void
  /** Its event loop did not turn for so many milliseconds; it is being killed. */
  hangs (ms: number): void
  ended (): void
}

/** The times of a worker, in milliseconds. */
export interface WorkerTimes {
  readonly bootTimeout: number
  readonly killTimeout: number
}

/** A forked worker. */
export class WorkerProcess {
  readonly pid: number
  /** Why it was forked. */
  readonly reason: string
  /** How many connections it had when it was heard of last. */
  connections = 0
  /** How it ended, for people: a status or a signal. */
  ending = ''
  /** Its exit status, `null` when a signal ended it. */
  status: number | null = null
  /** Whether its end was wanted. */
  toldToStop = false
  /** Resolves when it is ready, or has ended. */
  readonly settled: Promise<void>
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
  #state: WorkerState = 'booting'
  #readyAt = 0
  #heardAt = performance.now()
  #limit: NodeJS.Timeout | undefined
  #settle = () => {}
  #resolveEnded = () => {}
  readonly #worker: Worker
  readonly #listener: WorkerListener
  readonly #times: WorkerTimes

  constructor (orders: WorkerOrders, reason: string, times: WorkerTimes, listener: WorkerListener) {
    this.reason = reason
    this.settled = new Promise(resolve => { this.#settle = resolve })
    this.ended = new Promise(resolve => { this.#resolveEnded = resolve })
    this.#times = times
    this.#listener = listener
    this.#worker = cluster.fork({ [ORDERS]: JSON.stringify(orders) })
    this.pid = this.#worker.process.pid ?? 0
    this.#worker.on('message', message => this.#hear(message))
    // A message to a worker that has just died.
    this.#worker.on('error', () => {})
    this.#worker.once('exit', (code, signal) => this.#end(code, signal))
    this.#killAfter(times.bootTimeout, 'not ready in time')
  }

  get state (): WorkerState {
    return this.#state
  }

  /** Whether it serves, or will. */
  get isActive (): boolean {
    return this.#state === 'booting' || this.#state === 'ready'
  }

  /** How it ended, as a part of a sentence. */
  get obituary (): string {
    return `worker ${this.pid} ended with ${this.ending}`
  }

  /** How long it has served, in milliseconds. */
  get uptime (): number {
    return this.#readyAt === 0 ? 0 : performance.now() - this.#readyAt
  }

  /** Lets it finish what it has. */
  stop (): void {
    if (!this.isActive) return
    this.toldToStop = true
    this.#state = 'stopping'
    this.#killAfter(this.#times.killTimeout, 'not stopped in time')
    this.#tell({ master: 'stop' })
  }

  /** Skips its waiting, never its cleanup. */
  hurry (): void {
    this.stop()
    this.#tell({ master: 'hurry' })
  }

  /** Ends it at once. */
  kill (signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.#state !== 'ended') this.#worker.process.kill(signal)
  }

  /** Kills it if its event loop has not turned for `timeout` milliseconds. */
  checkBeat (timeout: number): void {
    const silent = performance.now() - this.#heardAt
    if (this.#state === 'booting' || this.#state === 'ended' || silent < timeout) return
    this.#heardAt = performance.now()
    this.#listener.hangs(Math.round(silent))
    this.kill('SIGABRT')
    this.#killAfter(ABORT_TIME, 'SIGABRT did not end it')
  }

  /** Excuses it for having been silent: it was the master that slept. */
  forgiveSilence (): void {
    this.#heardAt = performance.now()
  }

  #tell (message: MasterMessage): void {
    if (this.#worker.isConnected()) this.#worker.send(message)
  }

  #hear (message: unknown): void {
    this.#heardAt = performance.now()
    if (!isWorkerMessage(message)) return
    if (message.worker === 'beat') this.connections = message.connections
    else if (message.worker === 'spent') this.#listener.spent()
    else if (this.#state === 'booting') {
      clearTimeout(this.#limit)
      this.#state = 'ready'
      this.#readyAt = performance.now()
      this.#listener.ready(message.banner)
      this.#settle()
    }
  }

  #killAfter (ms: number, reason: string): void {
    clearTimeout(this.#limit)
    this.#limit = setTimeout(() => {
      this.#listener.killed(`${reason} (${ms} ms)`)
      this.kill()
    }, ms)
  }

  #end (code: number | null, signal: string | null): void {
    clearTimeout(this.#limit)
    this.status = code
    const when = this.#state === 'booting' ? ' before it was ready' : ''
    this.ending = `${signal === null ? `status ${code}` : signal}${when}`
    this.#state = 'ended'
    this.#listener.ended()
    this.#settle()
    this.#resolveEnded()
  }
}
