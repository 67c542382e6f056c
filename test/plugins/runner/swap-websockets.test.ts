/** Websockets when one app takes the place of another. */

import { once } from 'node:events'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import signals from '../../../plugins/signals/index.ts'
import websockets from '../../../plugins/websockets/index.ts'
import { Raw } from '../../raw.ts'
import { createApp, createGate, happens, openWebSocket, serve } from './swap-helper.ts'

t.test('websockets of the old app are told 1012 and come back to the new one', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, url } = await serve(t, one.app)
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openWebSocket(t, url)))
  const ends = sockets.map(ws => once(ws, 'close'))

  const { closed } = await runner.swap(two.app)
  const again = await openWebSocket(t, url)
  again.send('hello')
  const [data] = await once(again, 'message')

  t.equal(String(data), 'two: hello')
  for (const [code, reason] of await Promise.all(ends)) {
    t.equal(code, 1012)
    t.equal(String(reason), 'Service restart')
  }
  await closed
  t.ok(one.log.lastIndexOf('handler ended') < one.log.indexOf('leave'))
  t.equal(again.readyState, WebSocket.OPEN)
})

t.test('a handshake that the old app has in hand is finished before it is told', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { gate, open } = createGate()
  one.app.websocket('/slow', {
    preHandler: async () => {
      one.log.push('hook')
      await gate
    }
  }, async ws => { for await (const message of ws) one.log.push(String(message.data)) })
  const { runner, url } = await serve(t, one.app)
  const ws = new WebSocket(`${url.replace('http', 'ws')}/slow`)
  const opened = once(ws, 'open')
  const ended = once(ws, 'close')
  await happens(() => one.log.includes('hook'))

  const { closed } = await runner.swap(two.app)
  open()
  await opened
  const [code] = await ended
  await closed

  t.equal(code, 1012)
})

t.test('websockets may stay with the old app until they end', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const three = await createApp('three')
  const { runner, url, ask } = await serve(t, one.app)
  const kept = await openWebSocket(t, url)
  const first = await runner.swap(two.app, { websockets: 'keep', shutdownTimeout: 20 })
  const later = await openWebSocket(t, url)
  const second = await runner.swap(three.app, { websockets: 'keep' })
  t.equal(await ask(), 'three')

  for (const [ws, name] of [[kept, 'one'], [later, 'two']] as const) {
    ws.send('still here?')
    const [data] = await once(ws, 'message')
    t.equal(String(data), `${name}: still here?`)
  }
  t.match(runner.inspect().generations, [
    { number: 1, websockets: 1 }, { number: 2, websockets: 1 }, { number: 3, websockets: 0 }
  ])
  kept.close()
  await first.closed
  t.equal(one.log.at(-1), 'closed')
  t.equal(two.log.at(-1), 'stopping', 'the other one lives on')

  const ended = once(later, 'close')
  await runner.cleanup()
  t.equal((await ended)[0], 1001, 'a runner that stops says goodbye to all')
  await second.closed
  t.equal(two.log.at(-1), 'closed')
  t.equal(three.log.at(-1), 'closed')
})

t.test('websockets of a plain @fastify/websocket are told, too', async t => {
  const createPlain = async (name: string) => {
    const app = Fastify()
    await app.register(websocket)
    app.get('/echo', { websocket: true }, socket => {
      socket.on('message', data => socket.send(`${name}: ${String(data)}`))
    })
    return app
  }
  const { runner, url } = await serve(t, await createPlain('one'))
  const ws = await openWebSocket(t, url)
  const ended = once(ws, 'close')

  const { closed } = await runner.swap(await createPlain('two'))
  t.equal((await ended)[0], 1012)
  await closed
  const again = await openWebSocket(t, url)
  again.send('hello')
  t.equal(String((await once(again, 'message'))[0]), 'two: hello')
})

t.test('a websocket that never answers is cut, and the old app ends all the same', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  await one.app.close()
  const app = Fastify()
  await app.register(signals)
  await app.register(websockets, { closeTimeout: 50 })
  app.websocket('/echo', async ws => { for await (const message of ws) await ws.sendStr(String(message.data)) })
  const { runner, at } = await serve(t, app)
  const raw = await Raw.open(t, at)
  raw.write('GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  await raw.until(/\r\n\r\n/)

  await (await runner.swap(two.app)).closed

  await raw.ended
  t.equal(app.signals.phase, 'closed')
})
