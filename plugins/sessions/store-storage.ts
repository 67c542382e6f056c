/**
 * Sessions that live in a store on the server; the cookie holds their id.
 *
 * A store needs three methods; everything about ids, expiry and failures is done here.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { check, checkOptions, describe, func, integer, type Shape } from '../../lib/options.ts'
import { HTTPException } from '../exceptions/index.ts'
import { AIO_ERR_SESSION_ID, AIO_ERR_SESSION_STORE, SessionsUnavailable } from './errors.ts'
import { isIdentity } from './session.ts'
import {
  readRecord, recordText,
  type FoundSession, type RefusedSession, type SavedSession, type SessionChange, type SessionStorage
} from './storage.ts'

/** Keeps texts under keys for a time: all a store has to do. */
export interface SessionStore {
  get (key: string): Promise<string | null | undefined>
  /** `lifetime` in milliseconds. */
  set (key: string, text: string, lifetime: number): Promise<unknown>
  destroy (key: string): Promise<unknown>
  /**
   * Like `set()`, for a key that is there; false when it is not. With it a session that was ended stays so, though
   * another request that had loaded it before saves it afterwards.
   */
  replace? (key: string, text: string, lifetime: number): Promise<boolean>
  /** Called once, before the app serves; a store that cannot be reached is no reason to fail. */
  open? (app: FastifyInstance): Promise<void> | void
  /** Called once, when the app has stopped. */
  close? (): Promise<void> | void
}

/** Options of storages on the server. */
export interface StoreStorageOptions {
  /** Makes ids. @default 32 random bytes in base64url */
  keyFactory?: (() => string) | undefined
  /** How long one call of the store may take, in milliseconds; then the request is answered 503. @default 2000 */
  timeout?: number | undefined
}

export const storeShape: Shape<StoreStorageOptions> = { keyFactory: func, timeout: integer(1) }

/** What has the three methods. */
export const store = check('an object with the methods get, set and destroy', isStore)

/** Sessions in any store (aiohttp_session: RedisStorage and its like). */
export class StoreStorage implements SessionStorage {
  readonly #store: SessionStore
  readonly #keyFactory: () => string
  readonly #timeout: number
  #prefix = ''

  /** @throws AIO_ERR_SESSION_STORE, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (store: SessionStore, options: StoreStorageOptions = {}) {
    if (!isStore(store)) throw new AIO_ERR_SESSION_STORE(describe(store))
    checkOptions(new.target.name, options, storeShape)
    this.#store = store
    this.#keyFactory = options.keyFactory ?? (() => randomBytes(32).toString('base64url'))
    this.#timeout = options.timeout ?? 2000
  }

  async open (app: FastifyInstance, cookieName: string): Promise<void> {
    this.#prefix = `${cookieName}_`
    await this.#store.open?.(app)
  }

  async close (): Promise<void> {
    await this.#store.close?.()
  }

  async load (value: string): Promise<FoundSession | RefusedSession> {
    if (!isIdentity(value)) return { refused: 'not an id', suspicious: true }
    const text = await this.#ask(() => this.#store.get(this.#prefix + value))
    // An id that we do not know is not taken over: somebody may have foisted it on the client.
    if (text === null || text === undefined) return { refused: 'unknown or expired', suspicious: false }
    const record = readRecord(text)
    return record === null ? { refused: 'unreadable in the store', suspicious: true } : { record, identity: value }
  }

  async save ({ identity, lifetime, nextIdentity, record }: SessionChange): Promise<SavedSession> {
    if (record === null) {
      await this.#destroy(identity)
      return { value: null, identity: null }
    }
    const text = recordText(record)
    if (identity !== null && nextIdentity === undefined) return await this.#update(identity, text, lifetime)
    const fresh = nextIdentity ?? this.#keyFactory()
    if (!isIdentity(fresh)) throw new AIO_ERR_SESSION_ID(describe(fresh))
    await this.#ask(() => this.#store.set(this.#prefix + fresh, text, lifetime))
    await this.#destroy(identity)
    return { value: fresh, identity: fresh }
  }

  async #update (identity: string, text: string, lifetime: number): Promise<SavedSession> {
    const key = this.#prefix + identity
    if (this.#store.replace === undefined) await this.#ask(() => this.#store.set(key, text, lifetime))
    else if (!await this.#ask(async () => await this.#store.replace?.(key, text, lifetime))) {
      return { value: null, identity: null, ended: true }
    }
    return { value: identity, identity }
  }

  async #destroy (identity: string | null): Promise<void> {
    if (identity !== null) await this.#ask(() => this.#store.destroy(this.#prefix + identity))
  }

  /** One call of the store. @throws SessionsUnavailable when it fails or takes too long */
  async #ask<T> (call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer from the store within ${this.#timeout} ms`)), this.#timeout)
    })
    try {
      return await Promise.race([call(), late])
    } catch (error) {
      // A database of ours says so by itself.
      throw error instanceof HTTPException ? error : new SessionsUnavailable(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

function isStore (value: unknown): boolean {
  return typeof value === 'object' && value !== null &&
    ['get', 'set', 'destroy'].every(name => typeof Reflect.get(value, name) === 'function')
}
