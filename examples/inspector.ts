/**
 * An app worth looking at: slow requests, websockets, jobs and errors, on the page at /inspector.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { get, HTTPConflict } from '../app.ts'
import { runApp } from '../plugins/runner/index.ts'

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(bundle, { inspector: {} })

  app.cleanupContext(async function * tea () {
    await sleep(120)
    yield
    await sleep(400)
  })
  app.onShutdown(async function sayGoodbye () { await sleep(1_500) })

  app.get('/', async (_request, reply) => reply.redirect('/inspector'))
  app.addRoutes([get('/slow/{seconds}', async function slow (request) {
    await sleep(Number(request.matchInfo['seconds']) * 1_000)
    return 'done'
  }, { name: 'slow' })])
  app.get('/wrong', async function wrong () { throw new TypeError('There is no tea') })
  app.get('/taken', async function taken () { throw new HTTPConflict() })
  app.websocket('/chat', async ws => { for await (const message of ws) await ws.sendStr(String(message.data)) })
  app.post('/job', async (_request, reply) => {
    await app.jobs.spawn(signal => sleep(10_000, undefined, { signal }), { name: 'boil water' })
    return reply.code(202).send()
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
