/**
 * Stores that were made for express-session, of which there are many, as stores of ours.
 *
 * @module
 */

import { describe } from '../../lib/options.ts'
import { AIO_ERR_SESSION_STORE } from './errors.ts'
import type { SessionStore } from './store-storage.ts'

/** What such a store is given; stores read when it expires from its cookie. */
interface Wrapped {
  cookie: { originalMaxAge: number, maxAge: number, expires: Date }
  text: string
}

/** A store of express-session. */
export interface ExpressStore {
  get (id: string, callback: (error: unknown, session?: object | null) => void): void
  set (id: string, session: never, callback: (error?: unknown) => void): void
  destroy (id: string, callback: (error?: unknown) => void): void
}

/** Makes a store of express-session one for `StoreStorage`. @throws AIO_ERR_SESSION_STORE */
export function fromStore (store: ExpressStore): SessionStore {
  const isStore = typeof store === 'object' && store !== null &&
    ['get', 'set', 'destroy'].every(name => typeof Reflect.get(store, name) === 'function')
  if (!isStore) throw new AIO_ERR_SESSION_STORE(describe(store))
  return {
    async get (key) {
      const wrapped = await called<object | null | undefined>(callback => store.get(key, callback))
      const text: unknown = wrapped === null || wrapped === undefined ? undefined : Reflect.get(wrapped, 'text')
      return typeof text === 'string' ? text : undefined
    },
    async set (key, text, lifetime) {
      const cookie = { originalMaxAge: lifetime, maxAge: lifetime, expires: new Date(Date.now() + lifetime) }
      const wrapped: Wrapped = { cookie, text }
      await called(callback => store.set(key, wrapped as never, callback))
    },
    async destroy (key) {
      await called(callback => store.destroy(key, callback))
    }
  }
}

function called<T> (call: (callback: (error?: unknown, result?: T) => void) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error === null || error === undefined) resolve(result)
      else reject(error)
    })
  })
}
