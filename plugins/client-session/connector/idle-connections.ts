/**
 * Connections nobody uses: the one that waited longest is taken first, and none waits longer than its time.
 *
 * @module
 */

import type { Connection } from '../http1/connection.ts'

/** A queue for each kind of connection. */
export class IdleConnections {
  readonly #timeout: number
  readonly #queues = new Map<string, Connection[]>()
  #size = 0
  #timer: NodeJS.Timeout | undefined

  constructor (timeout: number) {
    this.#timeout = timeout
  }

  get size (): number {
    return this.#size
  }

  put (connection: Connection): void {
    connection.idleSince = performance.now()
    connection.socket.unref()
    const queue = this.#queues.get(connection.key)
    if (queue === undefined) this.#queues.set(connection.key, [connection])
    else queue.push(connection)
    this.#size++
    this.#timer ??= setTimeout(() => { this.#sweep() }, this.#timeout).unref()
  }

  take (key: string): Connection | undefined {
    const queue = this.#queues.get(key)
    if (queue === undefined) return undefined
    const oldest = performance.now() - this.#timeout
    for (let found = queue.shift(); found !== undefined; found = queue.shift()) {
      this.#size--
      if (found.open && found.idleSince >= oldest) {
        found.socket.ref()
        return found
      }
      found.close()
    }
    this.#queues.delete(key)
    return undefined
  }

  remove (connection: Connection): void {
    const queue = this.#queues.get(connection.key)
    const index = queue?.indexOf(connection) ?? -1
    if (queue === undefined || index === -1) return
    queue.splice(index, 1)
    this.#size--
    if (queue.length === 0) this.#queues.delete(connection.key)
  }

  takeAll (): Connection[] {
    const all = [...this.#queues.values()].flat()
    this.#queues.clear()
    this.#size = 0
    clearTimeout(this.#timer)
    this.#timer = undefined
    return all
  }

  /** Closes those whose time is up, and comes again when that of the next one is. */
  #sweep (): void {
    this.#timer = undefined
    const now = performance.now()
    let next = Infinity
    for (const connection of [...this.#queues.values()].flat()) {
      const left = connection.idleSince + this.#timeout - now
      if (left <= 0) connection.close()
      else next = Math.min(next, left)
    }
    if (next !== Infinity) this.#timer = setTimeout(() => { this.#sweep() }, Math.ceil(next)).unref()
  }
}
