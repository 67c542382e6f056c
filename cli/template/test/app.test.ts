import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { testClient } from 'fastify-aiohttp/testing'
import createApp from '../app.ts'

process.env['LOG_LEVEL'] = 'silent'

const start = async (t: TestContext) => await testClient(t, await createApp())

test('greets', async t => {
  const client = await start(t)
  const response = await client.get('/')
  assert.equal(await response.text(), 'Hello')
})

test('knows what is in stock', async t => {
  const client = await start(t)
  assert.deepEqual(await (await client.get('/stock/tea')).json(), { name: 'tea', count: 3 })
  assert.equal((await client.get('/stock/coffee')).status, 404)
})

test('takes stock', async t => {
  const client = await start(t)
  const response = await client.post('/stock', { json: { name: 'cake', count: 2 } })
  assert.equal(response.status, 201)
  assert.equal(response.headers.get('location'), '/stock/cake')
  assert.deepEqual(await (await client.get('/stock/cake')).json(), { name: 'cake', count: 2 })
})

test('says what is wrong with a body', async t => {
  const client = await start(t)
  const response = await client.post('/stock', { data: '{', headers: { 'Content-Type': 'application/json' } })
  assert.equal(response.status, 400)
})

test('echoes over a websocket', async t => {
  const client = await start(t)
  const ws = await client.wsConnect('/echo')
  await ws.sendStr('tea')
  assert.equal(await ws.receiveStr(), 'tea')
})

test('is ready', async t => {
  const client = await start(t)
  assert.equal((await client.get('/readyz')).status, 200)
})
