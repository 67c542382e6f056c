/**
 * What signals tell a master; gunicorn's meanings, where it has them.
 *
 * @module
 */

import { constants } from 'node:os'
import type { ClusterMaster } from './master.ts'

/** A signal that comes again within so many milliseconds is the same one: npm passes Ctrl+C on once more. */
const ECHO = 100

type Handlers = Partial<Record<NodeJS.Signals, () => void>>

/** Listens for signals on behalf of a master; call what it returns to stop listening. */
export function handleMasterSignals (master: ClusterMaster): () => void {
  let stops = 0
  let last: { signal: NodeJS.Signals, at: number } | null = null

  const stop = (signal: NodeJS.Signals, fast: boolean) => {
    const now = performance.now()
    if (last?.signal === signal && now - last.at < ECHO) return
    last = { signal, at: now }
    stops += 1
    if (stops > 2) exitAtOnce(master, signal)
    const done = fast || stops === 2 ? master.hurry() : master.stop()
    done.catch(() => {})
  }
  // A signal that comes too early or too late is no reason to fail.
  const running = (act: () => void) => () => { if (master.phase === 'running') act() }
  const handlers: Handlers = {
    SIGTERM: () => stop('SIGTERM', false),
    SIGINT: () => stop('SIGINT', true),
    SIGQUIT: () => stop('SIGQUIT', true),
    // What came of it is in the log.
    SIGHUP: running(() => { master.reload().catch(() => {}) }),
    SIGTTIN: running(() => master.scale(1)),
    SIGTTOU: running(() => master.scale(-1))
  }

  const entries = Object.entries(handlers)
  for (const [signal, handler] of entries) process.on(signal, handler)
  return () => { for (const [signal, handler] of entries) process.off(signal, handler) }
}

/** No waiting, no cleanup; one line on what was left. */
function exitAtOnce (master: ClusterMaster, signal: NodeJS.Signals): never {
  const { workers } = master.inspect()
  const left = workers.map(({ pid, state, connections }) => `${pid} ${state} with ${connections} connections`)
  process.stderr.write(`Exit on the third signal: workers killed: ${left.join(', ') || 'none'}\n`)
  master.kill().catch(() => {})
  process.exit(128 + constants.signals[signal])
}
