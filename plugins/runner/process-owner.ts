/**
 * The process around one runner: what tells it to stop, how long that may take, and with which status it ends.
 *
 * @module
 */

import type { BaseRunner } from './base-runner.ts'
import { handleProcessSignals } from './process-signals.ts'
import type { Phase } from './shutdown.ts'
import { Watchdog } from './watchdog.ts'

/** Exit status of a process that was still busy at the hard deadline, as of timeout(1). */
const EXIT_DEADLINE = 124

/** How long a process that has cleaned up may take to end by itself, in milliseconds. */
const EXIT_GRACE = 1000

/** The same when something that was cut may go on for ever. */
const CUT_EXIT_GRACE = 20

/** How much longer the watchdog waits than the main thread, in milliseconds. */
const WATCHDOG_GRACE = 100

/** What stops the runner, and when at the latest. */
export interface ProcessOwnerOptions {
  /** Whether the process is ours: its signals, its uncaught errors, its exit status. */
  readonly handleSignals: boolean
  readonly signal: AbortSignal | undefined
  /** Milliseconds from the beginning of the shutdown. */
  readonly hardDeadline: number
}

/** Stops a runner when the process is told to, and sees to it that the process ends. */
export class ProcessOwner {
  readonly #runner: BaseRunner
  readonly #options: ProcessOwnerOptions
  readonly #release: (() => void)[] = []
  #stopped: Promise<void> | null = null
  #watchdog: Watchdog | null = null
  #deadline: NodeJS.Timeout | undefined
  #failed = false
  #wake = () => {}

  constructor (runner: BaseRunner, options: ProcessOwnerOptions) {
    this.#runner = runner
    this.#options = options
  }

  /** Whether the shutdown has begun. */
  get stopping (): boolean {
    return this.#stopped !== null
  }

  /** Begins to listen for what may stop the runner. */
  begin (): void {
    const { handleSignals, signal } = this.#options
    const stop = () => { this.stop().catch(() => {}) }
    if (signal !== undefined) {
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop)
      this.#release.push(() => signal.removeEventListener('abort', stop))
    }
    if (!handleSignals) return
    const fail = (error: unknown) => this.#fail(error)
    process.on('uncaughtException', fail)
    process.on('unhandledRejection', fail)
    this.#release.push(
      handleProcessSignals(this.#runner, { stop }),
      () => process.off('uncaughtException', fail),
      () => process.off('unhandledRejection', fail))
  }

  /** Resolves when the runner has been stopped, by whatever stops it. */
  async untilStopped (): Promise<void> {
    if (this.#stopped === null) await new Promise<void>(resolve => { this.#wake = resolve })
    await this.#stopped
  }

  /** Stops the runner after a failed start. */
  stopFailed (): Promise<void> {
    this.#failed = true
    return this.stop()
  }

  /** Stops the runner; twice gives the same promise. */
  stop (): Promise<void> {
    this.#stopped ??= this.#stop()
    this.#wake()
    return this.#stopped
  }

  /** Notes the phase for the report of a process that has to be killed. */
  enter (phase: Phase): void {
    this.#watchdog?.enter(phase)
  }

  async #stop (): Promise<void> {
    if (this.#options.handleSignals) this.#startDeadline()
    try {
      await this.#runner.cleanup()
    } catch (error) {
      this.#failed = true
      throw error
    } finally {
      clearTimeout(this.#deadline)
      await this.#watchdog?.callOff()
      for (const release of this.#release) release()
      if (this.#options.handleSignals) this.#exitSoon()
    }
  }

  /** The worker is for the case that this thread cannot do it itself. */
  #startDeadline (): void {
    const { hardDeadline } = this.#options
    this.#watchdog = new Watchdog(hardDeadline, WATCHDOG_GRACE)
    this.#deadline = setTimeout(() => {
      const { phase, waitingFor, connections } = this.#runner.inspect()
      const lines = waitingFor === null ? connections.lines : [`waiting for ${waitingFor}`, ...connections.lines]
      const text = [`Exit at the hard deadline of ${hardDeadline} ms in phase ${phase}`, ...lines].join('\n  ')
      process.stderr.write(`${text}\n`)
      process.exit(EXIT_DEADLINE)
    }, hardDeadline)
  }

  #fail (error: unknown): void {
    const text = error instanceof Error ? error.stack ?? error.message : String(error)
    process.stderr.write(`Stopping after an error that nobody caught: ${text}\n`)
    this.#failed = true
    if (this.stopping) this.#runner.hurry().catch(() => {})
    else this.stop().catch(() => {})
  }

  /** Sets the status, and says what keeps the process alive if it does not end by itself. */
  #exitSoon (): void {
    process.exitCode = this.#failed ? 1 : 0
    setTimeout(() => {
      const resources = process.getActiveResourcesInfo().filter(name => name !== 'Timeout')
      process.stderr.write(`Exit although something is still open: ${resources.join(', ') || 'a timer'}\n`)
      process.exit()
    }, this.#runner.gaveUp ? CUT_EXIT_GRACE : EXIT_GRACE).unref()
  }
}
