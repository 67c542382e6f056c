/**
 * How many may use a connection at once, in all and of one kind, and the queue of those who wait.
 *
 * @module
 */

import { reasonOf } from './abortable.ts'

/** A place that is given goes to whoever has waited longest among those who may have it. */
export class Waiters {
  readonly #limit: number
  readonly #limitPerKey: number
  readonly #perKey = new Map<string, number>()
  /** One queue for each kind, so that a kind that is full keeps nobody else waiting. */
  readonly #queues = new Map<string, Waiter[]>()
  #taken = 0
  #tickets = 0

  constructor (limit: number, limitPerKey: number) {
    this.#limit = limit
    this.#limitPerKey = limitPerKey
  }

  get taken (): number {
    return this.#taken
  }

  get size (): number {
    let size = 0
    for (const queue of this.#queues.values()) size += queue.length
    return size
  }

  /** Takes a place, unless all are taken or somebody waits for one. */
  take (key: string): boolean {
    if (!this.#isFree(key) || this.#queues.has(key)) return false
    this.#add(key, 1)
    return true
  }

  /** Resolves with a place. @throws the signal's reason; an AbortError after close() */
  async wait (key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#forget(key, waiter)
        reject(reasonOf(signal))
      }
      const waiter: Waiter = {
        ticket: ++this.#tickets,
        resolve: () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        },
        reject
      }
      signal.addEventListener('abort', onAbort)
      const queue = this.#queues.get(key)
      if (queue === undefined) this.#queues.set(key, [waiter])
      else queue.push(waiter)
      // The place may have been free, with others of this kind before us.
      this.#serve()
    })
  }

  /** Gives a place back. */
  give (key: string): void {
    this.#add(key, -1)
    this.#serve()
  }

  /** Whoever waits is sent away. */
  close (): void {
    const waiters = [...this.#queues.values()].flat()
    this.#queues.clear()
    for (const { reject } of waiters) reject(new DOMException('The connector was closed', 'AbortError'))
  }

  #isFree (key: string): boolean {
    if (this.#limit > 0 && this.#taken >= this.#limit) return false
    return this.#limitPerKey === 0 || (this.#perKey.get(key) ?? 0) < this.#limitPerKey
  }

  #add (key: string, change: 1 | -1): void {
    this.#taken += change
    if (this.#limitPerKey === 0) return
    const count = (this.#perKey.get(key) ?? 0) + change
    if (count === 0) this.#perKey.delete(key)
    else this.#perKey.set(key, count)
  }

  #serve (): void {
    if (this.#queues.size === 0) return
    let chosen: string | undefined
    let lowest = Infinity
    for (const [key, [first]] of this.#queues) {
      if (first !== undefined && first.ticket < lowest && this.#isFree(key)) {
        chosen = key
        lowest = first.ticket
      }
    }
    if (chosen === undefined) return
    const queue = this.#queues.get(chosen)
    const waiter = queue?.shift()
    if (queue?.length === 0) this.#queues.delete(chosen)
    this.#add(chosen, 1)
    waiter?.resolve()
  }

  #forget (key: string, waiter: Waiter): void {
    const queue = this.#queues.get(key)
    if (queue === undefined) return
    const index = queue.indexOf(waiter)
    if (index !== -1) queue.splice(index, 1)
    if (queue.length === 0) this.#queues.delete(key)
  }
}

interface Waiter {
  readonly ticket: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}
