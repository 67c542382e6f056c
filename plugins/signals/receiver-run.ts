/**
 * Runs receivers, knows which one is being waited for, and how long it may take.
 *
 * @module
 */

import { AIO_ERR_HOOK_THROWN, AIO_ERR_HOOK_TIMEOUT } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'

/** The signals that are sent to the app as a whole. */
export type SignalName = 'onStartup' | 'onShutdown' | 'onCleanup' | 'cleanupContext' | 'work'

/** What is being waited for. */
export interface RunningReceiver {
  /** The signal, `cleanupContext` for entering and leaving one, or `work` for the end of background work. */
  readonly signal: SignalName
  /** The name of the receiver's function. */
  readonly name: string
  /** When it was called, in milliseconds since the epoch. */
  readonly since: number
}

/** What has been waited for: every receiver and every context, as it ended. */
export interface FinishedReceiver extends RunningReceiver {
  /** How long it took, in milliseconds. */
  readonly took: number
  readonly failed: boolean
}

/** Runs one receiver after the other. */
export class ReceiverRun {
  /** What has ended, oldest first; as long as the lists of the app. */
  readonly finished: FinishedReceiver[] = []
  #running: RunningReceiver | null = null
  #abandon = () => {}

  /** What is being waited for now; `null` when nothing is. */
  get running (): RunningReceiver | null {
    return this.#running
  }

  /** Has the onShutdown receiver that is running count as failed. */
  abandon (): void {
    this.#abandon()
  }

  /**
   * Calls a receiver and waits `timeout` milliseconds at most.
   *
   * @throws AIO_ERR_HOOK_TIMEOUT, AIO_ERR_HOOK_THROWN, and what the receiver throws
   */
  async run<T> (signal: SignalName, name: string, call: () => T, timeout?: number): Promise<Awaited<T>> {
    const running = { signal, name, since: Date.now() }
    this.#running = running
    let timer: NodeJS.Timeout | undefined
    let failed = false
    try {
      // Promise.race() also takes care of a rejection that comes after the time limit.
      return await Promise.race([
        (async () => await call())(),
        new Promise<never>((_resolve, reject) => {
          if (timeout === undefined) return
          const fail = (after: number) => reject(new AIO_ERR_HOOK_TIMEOUT(signal, name, after))
          timer = setTimeout(fail, timeout, timeout)
          if (signal === 'onShutdown') this.#abandon = () => fail(Date.now() - running.since)
        })
      ])
    } catch (error) {
      failed = true
      // Fastify takes undefined for success, and a number tells nobody where it came from.
      if (error instanceof Error) throw error
      throw Object.assign(new AIO_ERR_HOOK_THROWN(signal, name, describe(error)), { cause: error })
    } finally {
      this.finished.push({ ...running, took: Date.now() - running.since, failed })
      clearTimeout(timer)
      this.#abandon = () => {}
      if (this.#running === running) this.#running = null
    }
  }
}
