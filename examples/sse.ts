/**
 * Server-sent events: a clock in every browser, and a late listener that gets what it has missed.
 *
 * @module
 */

import { setInterval } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { runApp } from '../plugins/runner/index.ts'
import signals from '../plugins/signals/index.ts'
import sse from '../plugins/sse/index.ts'

const page = `<!doctype html><meta charset="utf-8"><title>Clock</title><h1 id="clock">…</h1><script>
new EventSource('/clock').addEventListener('tick', ({ data }) => { clock.textContent = data })
</script>`

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals)
  await app.register(sse)
  const news = ['Tea is 3 today', 'The shop opens at nine', 'Cake is back']

  app.get('/', async (_request, reply) => reply.type('text/html').send(page))

  app.get('/clock', app.sse(async function * (_request, { signal }) {
    for await (const now of setInterval(1_000, () => new Date(), { signal })) {
      yield { event: 'tick', data: now().toLocaleTimeString() }
    }
  }))

  app.get('/news', app.sse(function * (_request, { lastEventId }) {
    for (const [index, data] of news.entries()) {
      if (lastEventId === '' || index > Number(lastEventId)) yield { id: index, data }
    }
  }))

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
