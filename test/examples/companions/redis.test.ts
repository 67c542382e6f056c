/** The cache and the messages of examples/companions/redis.ts, on the real server: there, away, and back. */

import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t from 'tap'
import createApp from '../../../examples/companions/redis.ts'
import { testClient } from '../../../plugins/testing/index.ts'
import { tcpProxy } from '../../tcp-proxy.ts'

const url = process.env['TEST_REDIS_URL']
const skip = url === undefined && 'TEST_REDIS_URL is not set'

t.test('prices are found once, forgotten when told, and other processes hear of it', { skip }, async t => {
  const prefix = `shop-${randomUUID()}:`
  let found = 0
  const find = async () => String(++found)
  const here = await testClient(t, await createApp(url, prefix, find))
  const there = await testClient(t, await createApp(url, prefix, find))
  const news = await there.get('/news')

  t.equal(await (await here.get('/prices/tea')).text(), '1')
  t.equal(await (await there.get('/prices/tea')).text(), '1')
  t.equal((await here.delete('/prices/tea')).status, 204)
  for (let line = ''; line.trim() !== 'data: tea';) line = String(await news.content.readLine())
  t.equal(await (await there.get('/prices/tea')).text(), '2')

  const redis = new Redis(url!)
  t.teardown(() => redis.quit())
  t.ok(await redis.ttl(`${prefix}price:tea`) > 50)
  await redis.del(`${prefix}price:tea`)
})

t.test('while Redis is away prices are found anew at once, and it is used again when it is back', { skip }, async t => {
  const { hostname, port } = new URL(url!)
  const proxy = await tcpProxy(t, hostname, Number(port || 6379))
  const prefix = `shop-${randomUUID()}:`
  let found = 0
  const client = await testClient(t, await createApp(`redis://127.0.0.1:${proxy.port}`, prefix, async () => String(++found)))
  t.equal(await (await client.get('/prices/tea')).text(), '1')

  await proxy.cut()
  t.equal(await (await client.get('/prices/tea')).text(), '2')
  await proxy.restore()

  // Each answer that is not the kept one says that the connection is not back yet.
  let answer
  do answer = await (await client.get('/prices/tea')).text()
  while (answer !== await (await client.get('/prices/tea')).text())
  t.ok(Number(answer) <= found)
  const redis = new Redis(url!)
  t.teardown(() => redis.quit())
  await redis.del(`${prefix}price:tea`)
})

t.test('without Redis the app does not start', async t => {
  await t.rejects(testClient(t, await createApp('redis://127.0.0.1:1')))
})
