/**
 * Holds the process to one hard deadline, even when a handler blocks the event loop.
 *
 * A worker thread waits beside the main one. The main thread tells it the phase through shared memory; when the
 * deadline passes, the worker writes down what it knows and kills the process.
 *
 * @module
 */

import { Worker } from 'node:worker_threads'
import type { Phase } from './shutdown.ts'

const phases: readonly Phase[] = [
  'new', 'running', 'lame', 'unlisten', 'notify', 'drain', 'cancel', 'kill', 'cleanup', 'closed'
]

/** How often the main thread shows that its event loop turns, in milliseconds. */
const HEARTBEAT = 50

/**
 * Runs in the worker: plain JavaScript, for a worker from source text needs no loader and no file.
 * `memory` holds the phase's index and the count of heartbeats.
 */
const source = `
const { workerData } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const memory = new Int32Array(workerData.buffer)
const until = Date.now() + workerData.ms
let beats = -1
let quietSince = Date.now()
while (Date.now() < until) {
  const now = Atomics.load(memory, 1)
  if (now !== beats) {
    beats = now
    quietSince = Date.now()
  }
  Atomics.wait(memory, 2, 0, Math.max(1, Math.min(${HEARTBEAT}, until - Date.now())))
}
const quiet = Date.now() - quietSince
const loop = quiet > ${4 * HEARTBEAT} ? 'event loop blocked for ' + quiet + ' ms' : 'event loop alive'
try {
  writeSync(2, 'Killed at the hard deadline of ' + workerData.total + ' ms in phase '
    + workerData.phases[Atomics.load(memory, 0)] + ': ' + loop + '\\n')
} catch {}
process.kill(process.pid, 'SIGKILL')
`

/** Kills the process when the time is up, unless it is called off. */
export class Watchdog {
  readonly #memory = new Int32Array(new SharedArrayBuffer(12))
  readonly #worker: Worker
  readonly #heartbeat: NodeJS.Timeout

  /** Waits `grace` milliseconds longer than `ms`, for the main thread should be the first to end it. */
  constructor (ms: number, grace: number) {
    this.#worker = new Worker(source, {
      eval: true,
      execArgv: [],
      workerData: { buffer: this.#memory.buffer, ms: ms + grace, total: ms, phases }
    })
    this.#worker.unref()
    this.#heartbeat = setInterval(() => Atomics.add(this.#memory, 1, 1), HEARTBEAT)
    this.#heartbeat.unref()
  }

  /** Tells the worker where the shutdown is. */
  enter (phase: Phase): void {
    Atomics.store(this.#memory, 0, phases.indexOf(phase))
  }

  /** Calls the watchdog off. */
  async callOff (): Promise<void> {
    clearInterval(this.#heartbeat)
    await this.#worker.terminate()
  }
}
