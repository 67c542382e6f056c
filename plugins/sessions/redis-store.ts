/**
 * Sessions in Redis, with the package ioredis.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import type { Redis } from 'ioredis'
import { check, checkOptions, nonEmptyString } from '../../lib/options.ts'
import { loadPackage } from './load-package.ts'
import { storeShape, StoreStorage, type SessionStore, type StoreStorageOptions } from './store-storage.ts'

/** Options of `RedisStorage`. */
export interface RedisStorageOptions extends StoreStorageOptions {
  /** A client of ioredis that you open and close yourself. @default one of our own */
  client?: Pick<Redis, 'get' | 'set' | 'del'> | undefined
  /** Where Redis is. @default 'redis://127.0.0.1:6379' */
  url?: string | undefined
}

const client = check('a client of ioredis', value => typeof value === 'object' && value !== null &&
  ['get', 'set', 'del'].every(name => typeof Reflect.get(value, name) === 'function'))

/** Sessions in Redis (aiohttp_session: RedisStorage), under `<cookie>_<id>`, gone when they expire. */
export class RedisStorage extends StoreStorage {
  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: RedisStorageOptions = {}) {
    checkOptions('RedisStorage', options, { ...storeShape, client, url: nonEmptyString })
    const { client: given, url = 'redis://127.0.0.1:6379', ...rest } = options
    super(new RedisStore(given, url), rest)
  }
}

class RedisStore implements SessionStore {
  #client: Pick<Redis, 'get' | 'set' | 'del'> | undefined
  readonly #url: string
  #own: Redis | undefined

  constructor (client: Pick<Redis, 'get' | 'set' | 'del'> | undefined, url: string) {
    this.#client = client
    this.#url = url
  }

  async open (app: FastifyInstance): Promise<void> {
    if (this.#client !== undefined) return
    const { Redis } = await loadPackage('ioredis', 'RedisStorage', () => import('ioredis'))
    // While Redis is away requests are told so at once; ours is to come back to it.
    const redis = new Redis(this.#url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: attempt => Math.min(2000, 50 * 2 ** Math.min(attempt, 6))
    })
    this.#own = this.#client = redis
    let away = false
    redis.on('error', (error: Error) => {
      if (!away) app.log.warn({ err: error }, 'Redis is away: requests that need their session are answered 503')
      away = true
    })
    redis.on('ready', () => {
      if (away) app.log.info('Redis is back: there are sessions again')
      away = false
    })
    await firstContact(redis)
  }

  async close (): Promise<void> {
    this.#own?.disconnect()
  }

  async get (key: string): Promise<string | null | undefined> {
    return await this.#client?.get(key)
  }

  async set (key: string, text: string, lifetime: number): Promise<void> {
    await this.#client?.set(key, text, 'PX', atLeastOne(lifetime))
  }

  async replace (key: string, text: string, lifetime: number): Promise<boolean> {
    return await this.#client?.set(key, text, 'PX', atLeastOne(lifetime), 'XX') === 'OK'
  }

  async destroy (key: string): Promise<void> {
    await this.#client?.del(key)
  }
}

/** Redis takes whole milliseconds, and none at all is an error. */
function atLeastOne (lifetime: number): number {
  return Math.max(1, Math.floor(lifetime))
}

/** Resolves when it is there, or when it is clear that it is not: an app serves without it. */
function firstContact (redis: Redis): Promise<void> {
  return new Promise(resolve => {
    redis.once('ready', () => resolve())
    redis.once('error', () => resolve())
  })
}
