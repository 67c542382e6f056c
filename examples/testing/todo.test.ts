/**
 * Its tests, with node:test: `node --import=tsx --test examples/testing/todo.test.ts`. With tap the same lines work.
 *
 * @module
 */

import assert from 'node:assert/strict'
import test from 'node:test'
import { mockClient, testClient, testServer, unusedPort } from '../../plugins/testing/index.ts'
import createApp from './todo.ts'

test('who is not logged in adds nothing', async t => {
  const client = await testClient(t, await createApp())

  const response = await client.post('/items', { json: { text: 'Water the plants' } })

  assert.equal(response.status, 401)
})

test('the cookie of the login is kept', async t => {
  const client = await testClient(t, await createApp())

  await client.post('/login', { json: { user: 'ann' } })
  const response = await client.post('/items', { json: { text: 'Water the plants' }, raiseForStatus: true })

  assert.deepEqual(await response.json(), ['Water the plants (ann)'])
})

test('two people, one server: what one adds, the other sees', async t => {
  const server = await testServer(t, await createApp(), { port: await unusedPort() })
  const ann = await testClient(t, server, { cookies: { user: 'ann' } })
  const bob = await testClient(t, server)
  const changes = await bob.wsConnect('/changes')

  await ann.post('/items', { json: { text: 'Buy tea' } })

  assert.equal(await changes.receiveStr({ timeout: 5_000 }), 'Buy tea')
})

test('requests that must not leave the machine are answered here', async t => {
  const mock = mockClient().get('https://api.test/', { json: { fine: true } }).passthrough('127.0.0.1')
  const client = await testClient(t, await createApp(), { middlewares: [mock.middleware] })

  const response = await client.session.get('https://api.test/')

  assert.deepEqual(await response.json(), { fine: true })
  mock.assertDone()
})
