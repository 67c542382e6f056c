/**
 * Live and ready endpoints: what an orchestrator asks, and what has to work for the answer to be yes.
 *
 *     node --import=tsx examples/health.ts
 *     curl -i 'http://127.0.0.1:8080/readyz?verbose'
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import health from '../plugins/health/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import signals from '../plugins/signals/index.ts'

export default async function createApp () {
  const app = Fastify()
  // With the signals, readiness turns false while a runner still listens.
  await app.register(signals)
  await app.register(health, {
    checks: {
      // Give the signal to whatever can be aborted.
      database: async ({ signal }) => { await query('select 1', signal) },
      // The app does its work without mail, only worse.
      mail: { check: async () => false, critical: false, timeout: 200 }
    },
    details: request => request.ip === '127.0.0.1'
  })
  app.get('/', async () => 'Ask /livez, /readyz and /readyz?verbose')
  return app
}

async function query (_sql: string, signal: AbortSignal) {
  signal.throwIfAborted()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(await createApp(), { host: '127.0.0.1', port: 8080, shutdownDelay: 5000 })
}
