/**
 * How late the event loop was in the last second.
 *
 * @module
 */

import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'

/** How often the loop is looked at, in milliseconds: that much every measurement has in it. */
const RESOLUTION = 10

/** Measures while somebody looks; otherwise it costs nothing. */
export class LoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION })

  start (): void {
    this.#histogram.enable()
  }

  stop (): void {
    this.#histogram.disable()
  }

  /** Mean and 99th percentile since it was read the last time, in milliseconds. */
  read (): { mean: number, p99: number } {
    const { count, mean } = this.#histogram
    const p99 = this.#histogram.percentile(99)
    this.#histogram.reset()
    const delay = (nanoseconds: number) => count === 0 ? 0 : Math.max(0, nanoseconds / 1e6 - RESOLUTION)
    return { mean: delay(mean), p99: delay(p99) }
  }
}
