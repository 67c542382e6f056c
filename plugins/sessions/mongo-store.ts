/**
 * Sessions in MongoDB, with the package mongodb (aiohttp-session-mongo).
 *
 * One document each: `{ _id: '<cookie>_<id>', session: text, expires: date }`. A TTL index removes what has expired.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import type { Collection, MongoClient } from 'mongodb'
import { check, checkOptions, nonEmptyString } from '../../lib/options.ts'
import { loadPackage } from './load-package.ts'
import { storeShape, StoreStorage, type SessionStore, type StoreStorageOptions } from './store-storage.ts'

/** Options of `MongoStorage`. */
export interface MongoStorageOptions extends StoreStorageOptions {
  /** A client of the package mongodb that you open and close yourself. @default one of our own */
  client?: MongoClient | undefined
  /** @default 'sessions' */
  collection?: string | undefined
  /** @default that of the URL, else 'test' */
  database?: string | undefined
  /** Where MongoDB is. @default 'mongodb://127.0.0.1:27017' */
  url?: string | undefined
}

interface Entry { _id: string, session: string, expires: Date }

type Where = Pick<MongoStorageOptions, 'client' | 'collection' | 'database' | 'url'>

/** Sessions in MongoDB. */
export class MongoStorage extends StoreStorage {
  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: MongoStorageOptions = {}) {
    checkOptions('MongoStorage', options, {
      ...storeShape,
      client: check('a client of the package mongodb', value => typeof Object(value).db === 'function'),
      collection: nonEmptyString,
      database: nonEmptyString,
      url: nonEmptyString
    })
    const { client, collection, database, url, ...rest } = options
    super(new MongoStore({ client, collection, database, url }), rest)
  }
}

class MongoStore implements SessionStore {
  readonly #where: Where
  #own: MongoClient | undefined
  #entries: Collection<Entry> | undefined
  #indexed: Promise<unknown> | undefined

  constructor (where: Where) {
    this.#where = where
  }

  async open (app: FastifyInstance): Promise<void> {
    const { client = await this.#connect(), collection = 'sessions', database } = this.#where
    this.#entries = client.db(database).collection<Entry>(collection)
    await this.#index().catch((error: unknown) => {
      app.log.warn({ err: error }, 'MongoDB is away: requests that need their session are answered 503')
    })
  }

  async close (): Promise<void> {
    await this.#own?.close()
  }

  async get (key: string): Promise<string | undefined> {
    // The index is looked after once a minute only.
    return (await this.#entries?.findOne({ _id: key, expires: { $gt: new Date() } }))?.session
  }

  async set (key: string, text: string, lifetime: number): Promise<void> {
    await this.#index()
    await this.#entries?.updateOne({ _id: key }, this.#update(text, lifetime), { upsert: true })
  }

  async replace (key: string, text: string, lifetime: number): Promise<boolean> {
    return (await this.#entries?.updateOne({ _id: key }, this.#update(text, lifetime)))?.matchedCount === 1
  }

  async destroy (key: string): Promise<void> {
    await this.#entries?.deleteOne({ _id: key })
  }

  #update (text: string, lifetime: number) {
    return { $set: { session: text, expires: new Date(Date.now() + lifetime) } }
  }

  /** Made once; tried again when the database was away. */
  async #index (): Promise<void> {
    this.#indexed ??= this.#entries?.createIndex({ expires: 1 }, { expireAfterSeconds: 0 })
    try {
      await this.#indexed
    } catch (error) {
      this.#indexed = undefined
      throw error
    }
  }

  async #connect (): Promise<MongoClient> {
    const { MongoClient } = await loadPackage('mongodb', 'MongoStorage', () => import('mongodb'))
    const { url = 'mongodb://127.0.0.1:27017' } = this.#where
    this.#own = new MongoClient(url, { serverSelectionTimeoutMS: 1000 })
    return this.#own
  }
}
