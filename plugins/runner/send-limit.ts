/**
 * Cuts connections whose client does not read: what waits for it fills the memory of the server.
 *
 * Node has limits for what a client sends, but none for what it takes. One timer looks at all connections; a
 * request costs nothing.
 *
 * @module
 */

import type { Socket } from 'node:net'
import type { Connection, Connections } from './connections.ts'

/** How often connections are looked at, at most and at least, in milliseconds. */
const INTERVALS = { longest: 5000, shortest: 20 }

/** The limit for one runner. */
export class SendLimit {
  readonly #connections: Connections
  readonly #timeout: number
  #timer: NodeJS.Timeout | undefined

  /** `timeout` is how long nothing may leave while something waits, in milliseconds; 0 is without limit. */
  constructor (connections: Connections, timeout: number) {
    this.#connections = connections
    this.#timeout = timeout
  }

  /** Begins to look, unless there is no limit. */
  start (): void {
    if (this.#timeout === 0 || this.#timeout === Infinity) return
    const interval = Math.max(INTERVALS.shortest, Math.min(INTERVALS.longest, this.#timeout / 4))
    this.#timer ??= setInterval(() => this.#sweep(), interval).unref()
  }

  stop (): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #sweep (): void {
    const now = performance.now()
    for (const connection of this.#connections) {
      const { sent, transport } = connection
      const left = isSending(connection) ? bytesLeft(transport) : null
      if (left === null) connection.sent = null
      else if (left !== sent?.bytes) connection.sent = { bytes: left, since: now }
      else if (now - sent.since >= this.#timeout) transport.destroy()
    }
  }
}

/** Whether output waits for the client. */
function isSending ({ socket, transport }: Connection): boolean {
  return transport.writableLength > 0 || (socket !== null && socket.writableLength > 0)
}

/** What Node's handle of a socket tells; internal, so it may be missing. */
interface CountingHandle {
  readonly bytesWritten?: number
  readonly writeQueueSize?: number
}

/** How many bytes the system has taken; from outside, a large chunk is seen to leave only as a whole. */
function bytesLeft (transport: Socket): number {
  const { bytesWritten, writeQueueSize } = (transport as { _handle?: CountingHandle | null })._handle ?? {}
  return bytesWritten !== undefined && writeQueueSize !== undefined
    ? bytesWritten - writeQueueSize
    : transport.bytesWritten - transport.writableLength
}
