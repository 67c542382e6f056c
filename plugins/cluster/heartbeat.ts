/**
 * Finds workers whose event loop hangs.
 *
 * @module
 */

import type { WorkerProcess } from './worker-process.ts'

/** The longest time between two signs of life, in milliseconds. */
const LONGEST_BEAT = 1000

/** How often a worker shows that it lives, in milliseconds; 0 is never. */
export function beatOf (timeout: number): number {
  return timeout === 0 ? 0 : Math.ceil(Math.min(timeout / 5, LONGEST_BEAT))
}

/** Looks after all workers with one timer; call what it returns to stop. */
export function watchBeats (workers: () => Iterable<WorkerProcess>, timeout: number): () => void {
  const beat = beatOf(timeout)
  if (beat === 0) return () => {}
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    // A machine that slept, or a master that was stopped, has heard nothing: no fault of the workers.
    const slept = now - last > timeout / 2
    last = now
    for (const worker of workers()) {
      if (slept) worker.forgiveSilence()
      else worker.checkBeat(timeout)
    }
  }, beat)
  return () => clearInterval(timer)
}
