/**
 * Metrics for Prometheus: what the package knows, and one of the shop's own.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { Counter } from 'prom-client'
import jobs from '../plugins/jobs/index.ts'
import metrics from '../plugins/metrics/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import signals from '../plugins/signals/index.ts'

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals)
  await app.register(jobs)
  await app.register(metrics, { namespace: 'shop' })
  const teas = new Counter({ name: 'shop_teas_total', help: 'Teas sold', registers: [app.metrics] })

  app.get('/', async () => 'Buy at /tea, look at /metrics')

  app.get('/tea', async () => {
    teas.inc()
    return 'One tea'
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
