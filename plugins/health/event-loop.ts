/**
 * How late the event loop was since somebody asked the last time.
 *
 * @module
 */

import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'

/** How often the loop is looked at, in milliseconds. */
const RESOLUTION = 10

/** Measures from `start()` to `stop()`; costs one timer of Node's own. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION })

  start (): void {
    this.#histogram.enable()
  }

  stop (): void {
    this.#histogram.disable()
  }

  /** The delay that 99 of 100 measurements stayed below, in milliseconds; begins anew. */
  take (): number {
    // Node counts its own interval as delay.
    const delay = this.#histogram.count === 0 ? 0 : this.#histogram.percentile(99) / 1e6 - RESOLUTION
    this.#histogram.reset()
    return Math.max(0, delay)
  }
}
