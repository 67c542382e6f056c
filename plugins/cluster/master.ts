/**
 * The master: keeps as many workers as wanted, and replaces one only when its successor is ready.
 *
 * Workers are processes of `node:cluster`: the master accepts connections and hands them round in turn, so no
 * connection waits at a worker that is going.
 *
 * @module
 */

import cluster from 'node:cluster'
import type { SharedAddresses } from './addresses.ts'
import { BackOff } from './back-off.ts'
import { Crew } from './crew.ts'
import {
  AIO_ERR_CLUSTER_BOOT, AIO_ERR_CLUSTER_CRASH_LOOP, AIO_ERR_CLUSTER_NOT_PRIMARY, AIO_ERR_CLUSTER_NOT_RUNNING,
  AIO_ERR_CLUSTER_RELOAD
} from './errors.ts'
import { beatOf, watchBeats } from './heartbeat.ts'
import type { WorkerCounts } from './log.ts'
import type { WorkerOrders } from './messages.ts'
import { resolveClusterOptions, type ClusterOptions, type ResolvedClusterOptions } from './options.ts'
import { PidFile } from './pid-file.ts'
import type { WorkerProcess, WorkerState } from './worker-process.ts'

/** How long to wait before a worker that has served enough, but has got no successor, is tried again, in ms. */
const RETRY_TIME = 10_000

/** Where a master is in its life. */
export type MasterPhase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped'

/** What a master can tell about itself at any time. */
export interface MasterReport {
  readonly phase: MasterPhase
  /** How many workers in a row did not live long. */
  readonly crashes: number
  readonly counts: WorkerCounts
  readonly workers: readonly {
    readonly pid: number
    readonly state: WorkerState
    /** Why it was forked. */
    readonly reason: string
    /** Milliseconds since it became ready. */
    readonly uptime: number
    /** How many it had when it was heard of last. */
    readonly connections: number
  }[]
}

/** Forks, watches, replaces and stops workers. */
export class ClusterMaster {
  /** Resolves when all workers have ended; rejects when the workers could not be kept alive. */
  readonly stopped: Promise<void>
  readonly #options: ResolvedClusterOptions
  readonly #addresses: SharedAddresses | null
  readonly #crew: Crew
  readonly #backOff: BackOff
  #phase: MasterPhase = 'new'
  #banner = ''
  #failure: Error | null = null
  #pidFile: PidFile | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #queuedReload: Promise<void> | null = null
  #refill: NodeJS.Timeout | undefined
  #stopWatching = () => {}
  #finish = () => {}
  #wake = () => {}

  /**
   * @throws AIO_ERR_CLUSTER_NOT_PRIMARY in a worker; AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
   */
  constructor (options: ClusterOptions = {}, addresses: SharedAddresses | null = null) {
    if (!cluster.isPrimary) throw new AIO_ERR_CLUSTER_NOT_PRIMARY('make a ClusterMaster')
    this.#options = resolveClusterOptions('ClusterMaster', options)
    this.#addresses = addresses
    this.#backOff = new BackOff(this.#options.minUptime)
    this.#crew = new Crew({
      orders: () => this.#orders(),
      times: this.#options,
      log: this.#options.log,
      onReady: banner => { this.#onReady(banner).catch(error => this.#giveUp(error)) },
      onSpent: worker => { this.#onSpent(worker) },
      onEnded: (worker, missed) => { this.#onEnded(worker, missed) }
    })
    this.stopped = new Promise((resolve, reject) => {
      this.#finish = () => {
        this.#release().then(() => this.#failure === null ? resolve() : reject(this.#failure)).catch(reject)
      }
    })
    // Whoever waits for the start hears of it as well.
    this.stopped.catch(() => {})
  }

  get phase (): MasterPhase {
    return this.#phase
  }

  /** Where the workers serve, as they print it. */
  get banner (): string {
    return this.#banner
  }

  /** What the master and its workers are doing. */
  inspect (): MasterReport {
    const workers = this.#crew.workers.map(({ pid, state, reason, uptime, connections }) => (
      { pid, state, reason, uptime: Math.round(uptime), connections }))
    return { phase: this.#phase, crashes: this.#backOff.failures, counts: this.#crew.counts, workers }
  }

  /**
   * Forks the workers; resolves when all of them serve.
   *
   * @throws AIO_ERR_CLUSTER_BOOT when one ends before it is ready, after all have been stopped; AIO_ERR_PID_FILE, or
   *   the error of `preload`; AIO_ERR_CLUSTER_NOT_RUNNING when it was started before
   */
  async start (): Promise<void> {
    if (this.#phase !== 'new') throw new AIO_ERR_CLUSTER_NOT_RUNNING('start twice')
    this.#phase = 'starting'
    const { preload, pidFile, title, timeout, workers } = this.#options
    try {
      if (pidFile !== undefined) this.#pidFile = new PidFile(pidFile)
      await preload?.()
    } catch (error) {
      this.#failure = error as Error
      this.stop().catch(() => {})
    }
    if (this.#isStarting) {
      if (title !== undefined) process.title = `${title}: master`
      cluster.schedulingPolicy = cluster.SCHED_RR
      this.#stopWatching = watchBeats(() => this.#crew.workers, timeout)
      this.#crew.wanted = workers
      const awake = new Promise<void>(resolve => { this.#wake = resolve })
      this.#crew.fill('start')
      await awake
    }
    if (this.#failure !== null) await this.stopped
  }

  /**
   * Replaces one worker after the other, each when its successor is ready, which loads all code afresh. Asked for
   * twice while another reload runs, it is done once more.
   *
   * @throws AIO_ERR_CLUSTER_RELOAD when a successor does not become ready: what is left of the old workers serves on;
   *   AIO_ERR_CLUSTER_NOT_RUNNING
   */
  reload (): Promise<void> {
    if (this.#phase !== 'running') return Promise.reject(new AIO_ERR_CLUSTER_NOT_RUNNING('reload'))
    this.#queuedReload ??= this.#inTurn(() => {
      this.#queuedReload = null
      return this.#replaceAll()
    })
    return this.#queuedReload
  }

  /**
   * Changes how many workers serve, by one more (1) or one fewer (-1), say; one stays.
   *
   * @throws AIO_ERR_CLUSTER_NOT_RUNNING
   */
  scale (by: number): void {
    if (this.#phase !== 'running') throw new AIO_ERR_CLUSTER_NOT_RUNNING('scale')
    this.#crew.wanted = Math.max(1, this.#crew.wanted + by)
    this.#crew.log('scaled')
    this.#crew.fill(`scaled to ${this.#crew.wanted}`)
  }

  /** Lets all workers finish what they have; twice gives the same promise. */
  stop (): Promise<void> {
    if (this.#phase === 'stopping' || this.#phase === 'stopped') return this.stopped
    this.#phase = 'stopping'
    clearTimeout(this.#refill)
    this.#crew.wanted = 0
    this.#crew.log('stopping')
    for (const worker of this.#crew.workers) this.#crew.stop(worker, 'the master stops')
    this.#wake()
    if (this.#crew.workers.length === 0) this.#finish()
    return this.stopped
  }

  /** Skips the waiting of all workers, never their cleanup; stops them if nobody has yet. */
  hurry (): Promise<void> {
    this.stop().catch(() => {})
    this.#crew.log('hurried')
    for (const worker of this.#crew.workers) worker.hurry()
    return this.stopped
  }

  /** Ends all workers at once. */
  kill (): Promise<void> {
    this.stop().catch(() => {})
    for (const worker of this.#crew.workers) worker.kill()
    return this.stopped
  }

  /** Asked again after every wait: a stop may have come meanwhile. */
  get #isStarting (): boolean {
    return this.#phase === 'starting'
  }

  #orders (): WorkerOrders {
    const { exec, args, maxRequests, maxRequestsJitter, timeout, title } = this.#options
    cluster.setupPrimary({
      ...exec === undefined ? {} : { exec },
      ...args === undefined ? {} : { args: [...args] }
    })
    return {
      beat: beatOf(timeout),
      maxRequests: maxRequests === 0 ? 0 : maxRequests + Math.floor(Math.random() * (maxRequestsJitter + 1)),
      addresses: this.#addresses?.orders ?? null,
      ...title === undefined ? {} : { title }
    }
  }

  async #onReady (banner: string): Promise<void> {
    await this.#addresses?.publish()
    if (this.#phase !== 'starting' || this.#crew.counts.ready < this.#crew.wanted) return
    this.#phase = 'running'
    this.#banner = banner
    this.#crew.log('master ready')
    this.#wake()
  }

  #onSpent (worker: WorkerProcess): void {
    const again = () => { if (worker.isActive && this.#phase === 'running') this.#onSpent(worker) }
    this.#inTurn(() => this.#crew.replace(worker, 'max requests')).catch(() => setTimeout(again, RETRY_TIME).unref())
  }

  #onEnded (worker: WorkerProcess, missed: boolean): void {
    if (this.#phase === 'stopping') {
      if (this.#crew.workers.length === 0) this.#finish()
      return
    }
    if (!missed) return
    if (this.#phase === 'starting' && worker.uptime === 0) return this.#giveUp(new AIO_ERR_CLUSTER_BOOT(worker.obituary))
    this.#backOff.note(worker.uptime)
    const { failures, wait } = this.#backOff
    const { maxCrashes, minUptime } = this.#options
    const served = this.#crew.workers.some(({ state, uptime }) => state === 'ready' && uptime >= minUptime)
    if (failures >= maxCrashes && !served) {
      return this.#giveUp(new AIO_ERR_CLUSTER_CRASH_LOOP(failures, worker.obituary))
    }
    if (wait > 0) this.#crew.log('worker delayed', { reason: `${failures} in a row did not live long, ${wait} ms` })
    clearTimeout(this.#refill)
    this.#refill = setTimeout(() => this.#crew.fill('crash'), wait)
  }

  #giveUp (error: Error): void {
    this.#failure ??= error
    this.#crew.log('gave up', { reason: error.message })
    this.stop().catch(() => {})
  }

  async #replaceAll (): Promise<void> {
    const old = this.#crew.active
    this.#crew.log('reload begins')
    this.#backOff.reset()
    // Those that wait for their next try get the new code as well.
    clearTimeout(this.#refill)
    this.#crew.fill('reload')
    for (const worker of old) {
      try {
        await this.#crew.replace(worker, 'reload')
      } catch (cause) {
        if (this.#phase !== 'running') return
        const { message } = cause as Error
        this.#crew.log('reload failed', { reason: message })
        throw new AIO_ERR_CLUSTER_RELOAD(message)
      }
    }
    this.#crew.log('reload done')
  }

  /** One replacement at a time: never more than one process beyond those wanted. */
  #inTurn (step: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(() => this.#phase === 'running' ? step() : undefined)
    this.#queue = turn.catch(() => {})
    return turn
  }

  async #release (): Promise<void> {
    this.#phase = 'stopped'
    this.#stopWatching()
    this.#pidFile?.remove()
    await this.#addresses?.release()
    this.#crew.log('stopped')
  }
}
