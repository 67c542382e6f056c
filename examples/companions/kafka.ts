/**
 * aiokafka's place: orders go into a topic and are taken out again in a consumer group, with kafkajs.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { Kafka, logLevel } from 'kafkajs'
import bundle, { HTTPServiceUnavailable, runApp } from '../../app.ts'

export interface Order { id: string, item: string }

/** Takes the brokers, the topic, and what is done with an order; twice has to be as good as once. */
export default async function createApp (
  brokers = (process.env['KAFKA_BROKERS'] ?? '127.0.0.1:9092').split(','),
  topic = 'orders',
  ship: (order: Order) => Promise<void> = async ({ id, item }) => console.log(`order ${id}: ${item}`)
) {
  // A group takes in a new member only when the others have been heard.
  const app = Fastify({ pluginTimeout: 60_000, logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(bundle)
  const kafka = new Kafka({
    clientId: 'shop',
    brokers,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { retries: 2 },
    logLevel: logLevel.INFO,
    logCreator: () => ({ log: { message, ...details }, label }) => app.log.info(details, `kafka ${label}: ${message}`)
  })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: `${topic}-shipping`, maxWaitTimeInMs: 500, sessionTimeout: 10_000 })

  app.cleanupContext(async function * orders () {
    try {
      await producer.connect()
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({ eachMessage: async ({ message }) => await ship(JSON.parse(String(message.value)) as Order) })
      yield
    } finally {
      // Waits for the order that is being shipped, and commits how far the group is.
      await consumer.disconnect()
      await producer.disconnect()
    }
  })

  app.post<{ Body: Order }>('/orders', async (request, reply) => {
    const message = { key: request.body.id, value: JSON.stringify(request.body) }
    await producer.send({ topic, messages: [message] }).catch((cause: unknown) => {
      throw new HTTPServiceUnavailable({ headers: { 'Retry-After': '1' }, cause })
    })
    return reply.code(202).send()
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(() => createApp(), { port: 8080 })
