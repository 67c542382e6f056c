/**
 * The life of an app: a resource that is opened before the first request and closed after the last.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import signals from '../plugins/signals/index.ts'
import { runApp } from '../plugins/runner/index.ts'

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals, { hookTimeout: 5_000 })
  const prices = new Map<string, number>()

  app.cleanupContext(async function * priceFeed (app) {
    const timer = setInterval(() => prices.set('tea', 3 + Math.random()), 1_000)
    app.log.info('price feed open')
    try {
      yield
    } finally {
      clearInterval(timer)
      app.log.info('price feed closed')
    }
  })

  app.onStartup(() => { prices.set('tea', 3) })
  app.onShutdown(app => app.log.info('requests finish, nothing new is accepted'))
  app.onCleanup(app => app.log.info('all connections are closed'))
  app.onResponsePrepare((_request, response) => { response.headers.set('x-served-by', 'tea shop') })

  app.get('/', async () => Object.fromEntries(prices))

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
