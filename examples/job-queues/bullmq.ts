/**
 * Jobs that survive the process: BullMQ on Redis, opened and closed with the app.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import { Queue, Worker } from 'bullmq'
import Fastify from 'fastify'
import { runApp } from '../../plugins/runner/index.ts'
import signals from '../../plugins/signals/index.ts'

export interface Mail { to: string }

/** Takes Redis' URL and the queue's name, and how a mail is sent. */
export default async function createApp (
  redis = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
  name = 'mail',
  send: (mail: Mail) => Promise<void> = async ({ to }) => console.log(`mail to ${to}`)
) {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals)
  const connection = { url: redis, maxRetriesPerRequest: null }
  const queue = new Queue<Mail>(name, { connection })

  app.cleanupContext(async function * queues (app) {
    const worker = new Worker<Mail>(name, async job => await send(job.data), { connection, concurrency: 20 })
    queue.on('error', error => app.log.error(error, 'queue'))
    worker.on('error', error => app.log.error(error, 'worker'))
    yield
    // Waits for the jobs of this process; those in line stay in Redis for the next one.
    await worker.close()
    await queue.close()
  })

  app.post<{ Body: Mail }>('/mail', async (request, reply) => {
    const job = await queue.add('mail', request.body, {
      attempts: 3, backoff: { type: 'exponential', delay: 1_000 }, removeOnComplete: true
    })
    return reply.code(202).send({ id: job.id })
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(() => createApp(), { port: 8080 })
}
