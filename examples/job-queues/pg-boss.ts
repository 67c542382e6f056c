/**
 * Jobs that survive the process: pg-boss on PostgreSQL, opened and closed with the app.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import PgBoss from 'pg-boss'
import { runApp } from '../../plugins/runner/index.ts'
import signals from '../../plugins/signals/index.ts'

export interface Mail { to: string }

/** Takes PostgreSQL's URL and a schema's name, and how a mail is sent. */
export default async function createApp (
  database = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres',
  schema = 'pgboss',
  send: (mail: Mail) => Promise<void> = async ({ to }) => console.log(`mail to ${to}`)
) {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals)
  const queue = new PgBoss({ connectionString: database, schema })

  app.cleanupContext(async function * queues (app) {
    queue.on('error', error => app.log.error(error, 'queue'))
    await queue.start()
    await queue.createQueue('mail')
    await queue.work<Mail>('mail', { batchSize: 20, pollingIntervalSeconds: 0.5 }, async jobs => {
      for (const job of jobs) await send(job.data)
    })
    yield
    // Waits for the jobs of this process; those in line stay in the database for the next one.
    await queue.stop({ graceful: true, timeout: 8_000 })
  })

  app.post<{ Body: Mail }>('/mail', async (request, reply) => {
    const id = await queue.send('mail', request.body, { retryLimit: 3, retryBackoff: true })
    return reply.code(202).send({ id })
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(() => createApp(), { port: 8080 })
}
