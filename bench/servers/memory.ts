/** What a server holds, and not what the collector has not come to yet: needs `--expose-gc`. */

import { setImmediate as turn } from 'node:timers/promises'

/** Bytes of memory in use. */
export async function settledMemory (): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.()
    await turn()
  }
  return process.memoryUsage.rss()
}
