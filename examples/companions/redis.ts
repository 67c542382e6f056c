/**
 * aioredis' place: ioredis as a cache and for messages between processes, opened and closed with the app.
 *
 * Without Redis the cache is only slow; nothing waits for it longer than its limit.
 *
 * @module
 */

import { on } from 'node:events'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import bundle, { runApp } from '../../app.ts'

/** Takes Redis' URL, what its keys begin with, and how a price is found. */
export default async function createApp (
  url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
  prefix = 'shop:',
  findPrice: (item: string) => Promise<string> = async item => String(item.length)
) {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(bundle)
  // Commands fail at once while there is no connection, instead of waiting in line for it.
  const cache = new Redis(url, { lazyConnect: true, enableOfflineQueue: false, commandTimeout: 1_000 })
  // A connection that subscribes can do nothing else; it subscribes again by itself after a loss.
  const news = cache.duplicate({ enableOfflineQueue: true, commandTimeout: undefined })

  app.cleanupContext(async function * redis (app) {
    for (const client of [cache, news]) client.on('error', error => app.log.warn(error, 'redis'))
    try {
      await cache.connect()
      await news.subscribe(`${prefix}prices`)
      yield
    } finally {
      news.disconnect()
      cache.disconnect()
    }
  })

  app.get<{ Params: { item: string } }>('/prices/:item', async ({ params: { item }, log }) => {
    const key = `${prefix}price:${item}`
    const known = await cache.get(key).catch((error: unknown) => { log.warn(error, 'no cache') })
    if (known !== null && known !== undefined) return known
    const price = await findPrice(item)
    await cache.set(key, price, 'EX', 60).catch((error: unknown) => log.warn(error, 'no cache'))
    return price
  })

  app.delete<{ Params: { item: string } }>('/prices/:item', async ({ params: { item } }, reply) => {
    await cache.multi().del(`${prefix}price:${item}`).publish(`${prefix}prices`, item).exec()
    return reply.code(204).send()
  })

  app.get('/news', app.sse(async function * (_request, { signal }) {
    for await (const [, item] of on(news, 'message', { signal })) yield { data: String(item) }
  }))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(() => createApp(), { port: 8080 })
