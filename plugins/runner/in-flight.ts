/**
 * What an app still has under way when another takes its place.
 *
 * Taken down once, at the moment of the swap: a request costs nothing for it.
 *
 * @module
 */

import { isOver, type Connection, type Connections, type SiteResponse, type Upgraded } from './connections.ts'

/** The requests and the websockets of one app. */
export class InFlight {
  readonly #requests = new Set<SiteResponse>()
  readonly #websockets = new Map<Connection, Upgraded>()

  /** Takes all that is under way now and belongs to none of `others`. */
  constructor (connections: Connections, others: readonly InFlight[]) {
    const isFree = (response: SiteResponse) => !others.some(other => other.#requests.has(response))
    const take = (responses: readonly SiteResponse[]) => {
      for (const response of responses) if (isFree(response)) this.#requests.add(response)
    }
    for (const connection of connections) {
      const { upgraded } = connection
      if (upgraded === null) take(connection.handled)
      else if (!others.some(other => other.#websockets.get(connection) === upgraded)) {
        this.#websockets.set(connection, upgraded)
      }
    }
    take(connections.abandoned)
  }

  /** The requests that are not over. */
  get requests (): SiteResponse[] {
    for (const response of this.#requests) if (isOver(response)) this.#requests.delete(response)
    return [...this.#requests]
  }

  /** The connections that are websockets, or become one just now. */
  get websockets (): Connection[] {
    for (const [connection, upgraded] of this.#websockets) {
      // A handshake that was refused gives its connection back to HTTP.
      if (connection.upgraded !== upgraded || connection.transport.destroyed) this.#websockets.delete(connection)
    }
    return [...this.#websockets.keys()]
  }

  /** Cuts what is left. */
  destroy (): void {
    for (const { req } of this.requests) req.socket.destroy()
    for (const { transport } of this.websockets) transport.destroy()
  }
}
