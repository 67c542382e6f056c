/**
 * How many connections a runner takes, in all and from one address.
 *
 * @module
 */

import type { Connection, Connections } from './connections.ts'

/** What connections are held to. */
export interface ConnectionLimits {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/** Counts the connections of one runner. */
export class Admission {
  readonly #connections: Connections
  readonly #limits: ConnectionLimits
  readonly #byAddress = new Map<string, number>()

  constructor (connections: Connections, limits: ConnectionLimits) {
    this.#connections = connections
    this.#limits = limits
  }

  /** The status to turn a connection away with that was just accepted, or 0. */
  find (connection: Connection): number {
    if (this.#connections.size > this.#limits.maxConnections) return 503
    return this.#limits.maxConnectionsPerAddress === Infinity ? 0 : this.#findByAddress(connection)
  }

  #findByAddress ({ transport }: Connection): number {
    // Clients of Unix sockets have none.
    const { remoteAddress } = transport
    if (remoteAddress === undefined) return 0
    const before = this.#byAddress.get(remoteAddress) ?? 0
    if (before >= this.#limits.maxConnectionsPerAddress) return 429
    this.#byAddress.set(remoteAddress, before + 1)
    transport.once('close', () => {
      const left = (this.#byAddress.get(remoteAddress) ?? 0) - 1
      if (left > 0) this.#byAddress.set(remoteAddress, left)
      else this.#byAddress.delete(remoteAddress)
    })
    return 0
  }
}
