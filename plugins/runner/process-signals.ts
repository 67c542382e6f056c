/**
 * SIGINT and SIGTERM: the first begins the shutdown, the second skips its waiting, the third ends the process.
 *
 * @module
 */

import { constants } from 'node:os'
import type { BaseRunner } from './base-runner.ts'

type StopSignal = 'SIGINT' | 'SIGTERM'

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM']

/**
 * A signal that comes again within so many milliseconds is the same one: Ctrl+C goes to the whole process group,
 * and npm passes it on once more.
 */
const ECHO = 100

/** Listens for signals on behalf of a runner; call what it returns to stop listening. */
export function handleProcessSignals (runner: BaseRunner, { stop }: { stop: () => void }): () => void {
  let count = 0
  let last: { signal: StopSignal, at: number } | null = null

  const onSignal = (signal: StopSignal) => {
    const now = performance.now()
    if (last?.signal === signal && now - last.at < ECHO) return
    last = { signal, at: now }
    count += 1
    if (count === 1) stop()
    else if (count === 2) runner.hurry().catch(() => {})
    else exitAtOnce(runner, signal)
  }

  for (const signal of stopSignals) process.on(signal, onSignal)
  return () => { for (const signal of stopSignals) process.off(signal, onSignal) }
}

/** No hooks, no waiting; one line on what was left, written before the process ends. */
function exitAtOnce (runner: BaseRunner, signal: StopSignal): never {
  const { phase, waitingFor, connections } = runner.inspect()
  const open = connections.lines.length === 0 ? 'no connection open' : connections.lines.join('; ')
  process.stderr.write(`Exit on the third signal in phase ${phase}: waiting for ${waitingFor ?? 'nothing'}, ${open}\n`)
  process.exit(128 + constants.signals[signal])
}
