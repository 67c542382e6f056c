/** The orders of examples/companions/kafka.ts, on librdkafka's mock cluster, which `kcat` can host. */

import { spawn, spawnSync } from 'node:child_process'
import { on } from 'node:events'
import { createInterface } from 'node:readline'
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import createApp, { type Order } from '../../../examples/companions/kafka.ts'
import { testClient } from '../../../plugins/testing/index.ts'

const skip = spawnSync('kcat', ['-V']).status !== 0 && 'kcat is not installed'

/** Starts a cluster of one broker; its address is in what kcat reports. */
async function startKafka (t: Test): Promise<string> {
  const kcat = spawn('kcat', ['-C', '-b', 'x', '-t', 'dummy', '-X', 'test.mock.num.brokers=1', '-d', 'mock'])
  t.teardown(() => kcat.kill())
  for await (const [line] of on(createInterface(kcat.stderr), 'line', { close: ['close'] })) {
    const [, broker] = /bootstrap\.servers=(\S+)/.exec(line) ?? []
    if (broker !== undefined) return broker
  }
  throw new Error('kcat has ended')
}

t.test('every order that was accepted is shipped, over a restart of the app', { skip }, async t => {
  const broker = await startKafka(t)
  const topic = `orders-${randomUUID()}`
  const shipped = new Set<string>()
  let wanted = Infinity
  let done = () => {}
  const ship = async ({ id, item }: Order) => {
    shipped.add(`${id} ${item}`)
    if (shipped.size >= wanted) done()
  }
  const first = await testClient(await createApp([broker], topic, ship))
  for (let id = 0; id < 20; id++) {
    t.equal((await first.post('/orders', { json: { id: String(id), item: 'tea' } })).status, 202)
  }
  await first.close()

  const all = new Promise<void>(resolve => { done = resolve })
  wanted = 21
  const second = await testClient(t, await createApp([broker], topic, ship))
  await second.post('/orders', { json: { id: '20', item: 'cake' } })
  await all

  t.equal(shipped.size, 21)
  t.ok(shipped.has('20 cake'))
})

t.test('without a broker the app does not start', async t => {
  await t.rejects(testClient(t, await createApp(['127.0.0.1:1'])), { name: 'KafkaJSNumberOfRetriesExceeded' })
})
