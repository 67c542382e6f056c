/**
 * What a master and its workers tell each other.
 *
 * @module
 */

/** The variable of the environment that carries a worker's orders. */
export const ORDERS = 'FASTIFY_AIOHTTP_WORKER'

/** What a worker has to know before its first message, as JSON in its environment. */
export interface WorkerOrders {
  /** How often to show that the event loop turns, in milliseconds; 0 is never. */
  readonly beat: number
  /** After how many requests to ask for a successor; 0 is never. */
  readonly maxRequests: number
  /** What the workers share; `null` leaves it to their own options. */
  readonly addresses: AddressOrders | null
  readonly title?: string
}

/** Where to listen. */
export interface AddressOrders {
  /** The port that the master has found free; absent without TCP. */
  readonly port?: number
  /** Inherited sockets, by the master's descriptors. */
  readonly fds: readonly number[]
  /** Where to bind in place of each path, for the path itself is the master's. */
  readonly paths: readonly { readonly path: string, readonly temporary: string }[]
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly worker: 'ready', readonly banner: string }
  | { readonly worker: 'beat', readonly connections: number }
  | { readonly worker: 'spent' }

/** What a master says: stop in order, or without waiting. */
export interface MasterMessage {
  readonly master: 'stop' | 'hurry'
}

/** Whether a message comes from a worker of ours; an app may send its own. */
export function isWorkerMessage (message: unknown): message is WorkerMessage {
  return typeof message === 'object' && message !== null && 'worker' in message
}

/** Whether a message comes from our master. */
export function isMasterMessage (message: unknown): message is MasterMessage {
  return typeof message === 'object' && message !== null && 'master' in message
}
