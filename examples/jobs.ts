/**
 * Background jobs: thumbnails are made after the answer, three at a time, and finished before the app ends.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import jobs from '../plugins/jobs/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import signals from '../plugins/signals/index.ts'

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals)
  await app.register(jobs, { limit: 3 })
  const finished: string[] = []

  app.post<{ Params: { picture: string } }>('/thumbnails/:picture', async (request, reply) => {
    const { picture } = request.params
    await app.jobs.spawn(async signal => {
      await sleep(500, undefined, { signal })
      finished.push(picture)
    }, { name: `thumbnail of ${picture}` })
    return reply.code(202).send({ picture })
  })

  app.get('/', async () => ({
    running: [...app.jobs].map(({ name, pending }) => ({ name, pending })),
    finished
  }))

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
