/**
 * The workers of one master: forked, made ready, replaced, counted.
 *
 * @module
 */

import type { ClusterEvent, ClusterLog, WorkerCounts } from './log.ts'
import type { WorkerOrders } from './messages.ts'
import { WorkerProcess, type WorkerTimes } from './worker-process.ts'

/** What a crew is told, and tells. */
export interface CrewOptions {
  /** The orders of the next worker. */
  readonly orders: () => WorkerOrders
  readonly times: WorkerTimes
  readonly log: ClusterLog
  /** A worker serves. */
  readonly onReady: (banner: string) => void
  /** A worker has served as many requests as it should. */
  readonly onSpent: (worker: WorkerProcess) => void
  /** A worker has ended; `missed` when nobody told it to and nothing takes its place. */
  readonly onEnded: (worker: WorkerProcess, missed: boolean) => void
}

/** Workers, and the successors that are to take their places. */
export class Crew {
  /** How many workers there should be. */
  wanted = 0
  readonly #options: CrewOptions
  readonly #workers = new Set<WorkerProcess>()
  /** Successors that are not ready yet, and whom each will replace. */
  readonly #predecessors = new Map<WorkerProcess, WorkerProcess>()

  constructor (options: CrewOptions) {
    this.#options = options
  }

  /** Every process there is, the oldest first. */
  get workers (): readonly WorkerProcess[] {
    return [...this.#workers]
  }

  /** Those that serve or will, without successors. */
  get active (): WorkerProcess[] {
    return this.workers.filter(worker => worker.isActive && !this.#predecessors.has(worker))
  }

  get counts (): WorkerCounts {
    const count = (state: string) => this.workers.filter(worker => worker.state === state).length
    return { wanted: this.wanted, booting: count('booting'), ready: count('ready'), stopping: count('stopping') }
  }

  /** Forks what is missing and stops what is too much, the oldest first. */
  fill (reason: string): void {
    const { active, wanted } = this
    for (const worker of active.slice(0, Math.max(0, active.length - wanted))) this.stop(worker, reason)
    for (let count = active.length; count < wanted; count += 1) this.#fork(reason)
  }

  /**
   * Forks a successor and stops the worker when it is ready; resolves when the worker has ended.
   *
   * @throws how the successor ended, if it does before it is ready; the worker serves on then
   */
  async replace (worker: WorkerProcess, reason: string): Promise<void> {
    if (!worker.isActive) return
    const successor = this.#fork(reason)
    this.#predecessors.set(successor, worker)
    await successor.settled
    if (successor.state === 'ended') throw new Error(successor.obituary)
    await worker.ended
  }

  /** Lets a worker finish what it has. */
  stop (worker: WorkerProcess, reason: string): void {
    if (!worker.isActive) return
    worker.stop()
    this.log('worker stopping', { worker: worker.pid, reason })
  }

  /** Writes down an event with the counts of this moment. */
  log (event: ClusterEvent['event'], details: Pick<ClusterEvent, 'worker' | 'reason'> = {}): void {
    this.#options.log({ event, ...details, workers: this.counts })
  }

  #fork (reason: string): WorkerProcess {
    const worker = new WorkerProcess(this.#options.orders(), reason, this.#options.times, {
      ready: banner => this.#ready(worker, banner),
      spent: () => this.#options.onSpent(worker),
      killed: why => this.log('worker killed', { worker: worker.pid, reason: `${why}, SIGKILL` }),
      hangs: ms => this.log('worker hangs', {
        worker: worker.pid,
        reason: `its event loop has not turned for ${ms} ms, SIGABRT; it had ${worker.connections} connections`
      }),
      ended: () => this.#ended(worker)
    })
    this.#workers.add(worker)
    this.log('worker forked', { worker: worker.pid, reason })
    return worker
  }

  #ready (worker: WorkerProcess, banner: string): void {
    const predecessor = this.#predecessors.get(worker)
    this.#predecessors.delete(worker)
    this.log('worker ready', { worker: worker.pid, reason: worker.reason })
    if (predecessor !== undefined) this.stop(predecessor, `replaced by ${worker.pid}: ${worker.reason}`)
    this.#options.onReady(banner)
  }

  #ended (worker: WorkerProcess): void {
    const { ending, pid, toldToStop } = worker
    this.#workers.delete(worker)
    const isSuccessor = this.#predecessors.delete(worker)
    // A successor whose worker has died takes its place at once.
    const successor = [...this.#predecessors].find(([, predecessor]) => predecessor === worker)?.[0]
    if (successor !== undefined) this.#predecessors.delete(successor)
    const asked = toldToStop || worker.status === 0
    this.log(asked ? 'worker ended' : 'worker crashed', { worker: pid, reason: ending })
    this.#options.onEnded(worker, !toldToStop && !isSuccessor && successor === undefined)
  }
}
