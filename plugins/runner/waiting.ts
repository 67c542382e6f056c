/**
 * Waiting with an end: for a time, for a step, for a condition.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { LONGEST_TIMER } from './options.ts'

/** How often a condition is looked at, in milliseconds. */
const POLL_INTERVAL = 5

/** Resolves after `ms` milliseconds, or when `skip` aborts. */
export function wait (ms: number, skip: AbortSignal): Promise<void> {
  if (ms <= 0 || skip.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      skip.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(ms, LONGEST_TIMER))
    skip.addEventListener('abort', done, { once: true })
  })
}

/** Whether `step` ended within `ms` milliseconds and before `skip` aborted. */
export async function within (
  step: Promise<void>, ms: number, skip: AbortSignal = new AbortController().signal
): Promise<boolean> {
  const over = new AbortController()
  const ended = step.then(() => true)
  const limit = wait(Math.max(ms, 1), AbortSignal.any([skip, over.signal]))
  // What ends without waiting for anything has ended one turn later.
  const timedOut = limit.then(() => nextTurn(false))
  const result = await Promise.race([ended, timedOut])
  over.abort()
  return result
}

/**
 * Waits until `holds` says so, the clock reaches `deadline` (of `performance.now()`), or `skip` aborts.
 *
 * Looking costs less than being told: what is waited for would need a listener on every response.
 */
export async function until (
  holds: () => boolean, deadline: number, skip: AbortSignal = new AbortController().signal
): Promise<boolean> {
  while (!holds()) {
    if (performance.now() >= deadline || skip.aborted) return false
    await wait(Math.min(POLL_INTERVAL, deadline - performance.now()), skip)
  }
  return true
}
