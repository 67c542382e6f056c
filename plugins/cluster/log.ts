/**
 * One line for each thing that happens to a cluster.
 *
 * The lines are JSON in the form of pino, which Fastify logs in: they sort and filter with the app's own.
 *
 * @module
 */

/** How many workers there are, by what they do. */
export interface WorkerCounts {
  /** How many there should be. */
  readonly wanted: number
  /** Forked, not serving yet. */
  readonly booting: number
  readonly ready: number
  /** Told to stop, finishing what they have. */
  readonly stopping: number
}

/** What happened. */
export interface ClusterEvent {
  readonly event: 'master ready' | 'worker forked' | 'worker ready' | 'worker stopping' | 'worker ended' |
    'worker crashed' | 'worker hangs' | 'worker killed' | 'worker delayed' | 'reload begins' | 'reload done' |
    'reload failed' | 'scaled' | 'stopping' | 'hurried' | 'stopped' | 'gave up'
  /** The worker's process. */
  readonly worker?: number
  /** Why, for people. */
  readonly reason?: string
  readonly workers: WorkerCounts
}

/** Where events go. */
export type ClusterLog = (event: ClusterEvent) => void

const warnings: readonly ClusterEvent['event'][] = ['worker crashed', 'worker hangs', 'worker killed', 'worker delayed']
const errors: readonly ClusterEvent['event'][] = ['reload failed', 'gave up']

/** Writes an event to standard error, with pino's levels. */
export function logToStandardError (event: ClusterEvent): void {
  const level = errors.includes(event.event) ? 50 : warnings.includes(event.event) ? 40 : 30
  const line = { level, time: Date.now(), pid: process.pid, name: 'cluster', ...event, msg: messageOf(event) }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}

function messageOf ({ event, worker, reason }: ClusterEvent): string {
  const who = worker === undefined ? event : event.replace('worker', `worker ${worker}`)
  return reason === undefined ? who : `${who}: ${reason}`
}
