/** The two queues that survive the process, on their real servers: nothing accepted is lost over a restart. */

import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import pg from 'pg'
import t, { type Test } from 'tap'
import onRedis, { type Mail } from '../../examples/job-queues/bullmq.ts'
import onPostgres from '../../examples/job-queues/pg-boss.ts'

const redisUrl = process.env['TEST_REDIS_URL']
const postgresUrl = process.env['TEST_POSTGRES_URL']

type CreateApp = (send: (mail: Mail) => Promise<void>) => Promise<FastifyInstance>

/** Accepts mails, stops with most of them unsent, and starts again: each is sent in the end. */
async function survivesRestart (t: Test, create: CreateApp): Promise<void> {
  const sent = new Set<string>()
  let firstSent = () => {}
  const begun = new Promise<void>(resolve => { firstSent = resolve })
  const one = await create(async ({ to }) => { sent.add(to); firstSent() })
  await one.ready()
  for (let index = 0; index < 30; index++) {
    const answer = await one.inject({ method: 'POST', url: '/mail', payload: { to: `reader-${index}` } })
    t.equal(answer.statusCode, 202)
  }
  await begun
  await one.close()

  let allSent = () => {}
  const complete = new Promise<void>(resolve => { allSent = resolve })
  const two = await create(async ({ to }) => {
    sent.add(to)
    if (sent.size === 30) allSent()
  })
  await two.ready()
  if (sent.size < 30) await complete
  await two.close()

  t.equal(sent.size, 30)
}

t.test('BullMQ: jobs accepted before a restart are done after it', {
  skip: redisUrl === undefined && 'TEST_REDIS_URL is not set'
}, async t => {
  const name = `mail-${randomUUID()}`
  t.teardown(async () => {
    const redis = new Redis(redisUrl!)
    const keys = await redis.keys(`bull:${name}:*`)
    if (keys.length > 0) await redis.del(...keys)
    await redis.quit()
  })
  await survivesRestart(t, send => onRedis(redisUrl, name, send))
})

t.test('pg-boss: jobs accepted before a restart are done after it', {
  skip: postgresUrl === undefined && 'TEST_POSTGRES_URL is not set'
}, async t => {
  const schema = `boss_${randomUUID().slice(0, 8)}`
  t.teardown(async () => {
    const client = new pg.Client(postgresUrl)
    await client.connect()
    await client.query(`drop schema if exists ${schema} cascade`)
    await client.end()
  })
  await survivesRestart(t, send => onPostgres(postgresUrl, schema, send))
})
