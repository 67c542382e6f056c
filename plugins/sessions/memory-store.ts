/**
 * Sessions in the memory of the process: for tests and development, gone with it and unknown to its siblings.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { checkOptions, integer } from '../../lib/options.ts'
import { storeShape, StoreStorage, type SessionStore, type StoreStorageOptions } from './store-storage.ts'

/** Options of `MemoryStorage`. */
export interface MemoryStorageOptions extends StoreStorageOptions {
  /** How many sessions are kept; the one that was saved longest ago goes first. @default 10000 */
  maxEntries?: number | undefined
}

/** Sessions in memory; warns when `NODE_ENV` is `production`. */
export class MemoryStorage extends StoreStorage {
  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: MemoryStorageOptions = {}) {
    checkOptions('MemoryStorage', options, { ...storeShape, maxEntries: integer(1) })
    const { maxEntries = 10_000, ...rest } = options
    super(new MemoryStore(maxEntries), rest)
  }
}

class MemoryStore implements SessionStore {
  /** In the order they were saved. */
  readonly #entries = new Map<string, { text: string, end: number }>()
  readonly #maxEntries: number

  constructor (maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  open (app: FastifyInstance): void {
    if (process.env['NODE_ENV'] === 'production') {
      app.log.warn('Sessions are kept in memory: they end with the process, and other processes do not know them')
    }
  }

  async get (key: string): Promise<string | undefined> {
    const entry = this.#entries.get(key)
    if (entry === undefined || Date.now() < entry.end) return entry?.text
    this.#entries.delete(key)
    return undefined
  }

  async set (key: string, text: string, lifetime: number): Promise<void> {
    this.#entries.delete(key)
    this.#entries.set(key, { text, end: Date.now() + lifetime })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries) return
      this.#entries.delete(oldest)
    }
  }

  async replace (key: string, text: string, lifetime: number): Promise<boolean> {
    if (await this.get(key) === undefined) return false
    await this.set(key, text, lifetime)
    return true
  }

  async destroy (key: string): Promise<void> {
    this.#entries.delete(key)
  }
}
