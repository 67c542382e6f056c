/**
 * A backplane over Redis PUBLISH and SUBSCRIBE, with the package ioredis.
 *
 * @module
 */

import type { Redis } from 'ioredis'
import { checkOptions, nonEmptyString, type Shape } from '../../lib/options.ts'
import { loadPackage, type Backplane, type BackplaneEvents } from './backplane.ts'

/** Options of `redisBackplane()`. */
export interface RedisBackplaneOptions {
  /**
   * Where Redis is.
   *
   * @default 'redis://127.0.0.1:6379'
   */
  url?: string
  /**
   * The channel that all processes share.
   *
   * @default 'fastify-aiohttp:websockets'
   */
  channel?: string
}

const shape: Shape<RedisBackplaneOptions> = { url: nonEmptyString, channel: nonEmptyString }

/**
 * Broadcasts over Redis; needs the package `ioredis`.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function redisBackplane (options: RedisBackplaneOptions = {}): Backplane {
  checkOptions('redisBackplane()', options, shape)
  const { url = 'redis://127.0.0.1:6379', channel = 'fastify-aiohttp:websockets' } = options
  let publisher: Redis | undefined
  let subscriber: Redis | undefined
  return {
    name: 'redis',
    async start (events) {
      const connect = await loadClient()
      publisher = connect(url)
      subscriber = connect(url)
      listen(publisher, subscriber, channel, events)
    },
    publish (bytes) {
      // Lost as is everything while the connection is: `down()` has been called.
      publisher?.publish(channel, bytes).catch(() => {})
    },
    async stop () {
      publisher?.disconnect()
      subscriber?.disconnect()
    }
  }
}

function listen (publisher: Redis, subscriber: Redis, channel: string, events: BackplaneEvents): void {
  const ready = new Set<Redis>()
  let reason = new Error('The connection was closed')
  for (const client of [publisher, subscriber]) {
    client.on('error', (error: Error) => {
      reason = error
      events.down(error)
    })
    client.on('close', () => {
      if (ready.delete(client)) events.down(reason)
    })
    client.on('ready', async () => {
      try {
        // Subscriptions do not outlive a connection.
        if (client === subscriber) await subscriber.subscribe(channel)
        ready.add(client)
        if (ready.size === 2) events.up()
      } catch (error) {
        events.down(error as Error)
      }
    })
  }
  subscriber.on('messageBuffer', (_channel: Buffer, message: Buffer) => events.message(message))
}

/** Back-off from 50 ms to 2 s; what cannot be sent at once is lost, not kept. */
async function loadClient (): Promise<(url: string) => Redis> {
  const ioredis = await loadPackage('ioredis', 'redisBackplane()', () => import('ioredis'))
  return url => new ioredis.Redis(url, {
    enableOfflineQueue: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: attempt => Math.min(2000, 50 * 2 ** Math.min(attempt, 6))
  })
}
