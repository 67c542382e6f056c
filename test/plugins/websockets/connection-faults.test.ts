/** Peers that are silent, greedy, broken or gone. */

import { once } from 'node:events'
import t from 'tap'
import { WSMsgType } from '../../../plugins/websockets/index.ts'
import { buildApp, frame, open, Raw, serve, type Client } from './helper.ts'
import { collect, handle, withResolvers } from './connection-helper.ts'

t.test('heartbeat drops a silent peer with 1006 and an ERROR', async t => {
  const { port, result } = await handle(t, { heartbeat: 30 }, async ws => {
    const messages = await collect(ws)
    return { messages, code: ws.closeCode, error: ws.exception() }
  })
  const raw = new Raw(t, port, '/')
  await raw.head()

  t.same(await raw.rest(), Buffer.from([0x89, 0]), 'a PING and no close frame')
  t.match(await result, {
    messages: [{ type: WSMsgType.ERROR, data: { code: 'AIO_ERR_WS_HEARTBEAT' } }],
    code: 1006,
    error: { code: 'AIO_ERR_WS_HEARTBEAT' }
  })
})

t.test('heartbeat keeps a peer that answers', async t => {
  const { port, result } = await handle(t, { heartbeat: 10 }, collect)
  const client = await open(t, port, '/')
  for (let count = 0; count < 4; count++) await once(client.ws, 'ping')
  client.ws.close()

  t.same(await result, [])
  t.equal((await client.closed).code, 1005)
})

t.test('a message that reaches maxMsgSize closes with 1009, compressed or not', async t => {
  for (const perMessageDeflate of [false, { threshold: 0 }]) {
    const { port, result } = await handle(t, { maxMsgSize: 1000 }, async ws => {
      const messages = await collect(ws)
      return { messages, error: ws.exception() }
    })
    const client = await open(t, port, '/', [], { perMessageDeflate })
    client.ws.send('x'.repeat(999))
    client.ws.send('x'.repeat(1000))

    t.equal((await client.closed).code, 1009)
    t.match(await result, {
      messages: [{ type: WSMsgType.TEXT }, { type: WSMsgType.ERROR }],
      error: { code: 'AIO_ERR_WS_PROTOCOL', closeCode: 1009, cause: { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' } }
    })
  }
})

t.test('compression is negotiated when offered and allowed', async t => {
  for (const compress of [true, false]) {
    const { port, result } = await handle(t, { compress }, async ws => {
      await ws.sendStr('x'.repeat(5000))
      await ws.sendStr('x'.repeat(5000), { compress: false })
      return ws.compress
    })
    const client = await open(t, port, '/')

    t.equal(client.ws.extensions, compress ? 'permessage-deflate' : '')
    t.equal(await client.next(), 'x'.repeat(5000))
    t.equal(await client.next(), 'x'.repeat(5000))
    t.equal(await result, compress ? 15 : 0)
  }
})

t.test('garbage ends the connection with the code of RFC 6455', async t => {
  const cases: Array<[string, Buffer, number]> = [
    ['an unmasked frame', frame(1, 'text', false), 1002],
    ['a reserved opcode', frame(3), 1002],
    ['a reserved bit', Buffer.from([0xa1, 0x80, 0, 0, 0, 0]), 1002],
    ['a continuation of nothing', frame(0), 1002],
    ['a close payload of one byte', frame(8, 'x'), 1002],
    ['a close code that may not be sent', frame(8, Buffer.from([3, 237])), 1002],
    ['text that is not UTF-8', frame(1, Buffer.from([0xff])), 1007]
  ]
  for (const [name, bytes, code] of cases) {
    const { port, result } = await handle(t, {}, async ws => {
      const [message] = await collect(ws)
      return { type: message?.type, closed: ws.closed, exception: ws.exception() }
    })
    const raw = new Raw(t, port, '/')
    await raw.head()
    raw.socket.write(bytes)

    t.same(await raw.rest(), Buffer.from([0x88, 2, code >> 8, code & 255]), name)
    t.match(await result, { type: WSMsgType.ERROR, closed: true, exception: Error })
  }
})

t.test('a message in front of garbage is still answered', async t => {
  const { port } = await handle(t, {}, async ws => {
    for await (const { type, data } of ws) if (type === WSMsgType.TEXT) await ws.sendStr(String(data))
  })
  const raw = new Raw(t, port, '/')
  await raw.head()
  raw.socket.write(Buffer.concat([frame(1, 'good'), frame(3)]))

  t.same(await raw.rest(), Buffer.concat([frame(1, 'good', false), frame(8, Buffer.from([3, 234]), false)]))
})

t.test('frames behind the handshake in the same packet are received', async t => {
  const { port, result } = await handle(t, {}, ws => ws.receiveStr())
  const raw = new Raw(t, port, '/')
  raw.socket.write(frame(1, 'early'))

  t.equal(await result, 'early')
})

t.test('a peer that vanishes is code 1006 and nothing more is sent', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    await ws.sendStr('hello')
    await collect(ws)
    await t.rejects(ws.sendStr('anybody?'), { code: 'AIO_ERR_WS_CLOSED' })
    return { code: ws.closeCode, closed: ws.closed }
  })
  const client: Client = await open(t, port, '/')
  await client.next()
  client.ws.terminate()

  t.same(await result, { code: 1006, closed: true })
})

t.test('sending waits for a peer that has stopped reading', async t => {
  let sent = 0
  const { port, result } = await handle(t, { compress: false, writerLimit: 100_000 }, async ws => {
    // More than the socket buffers of both sides can hold.
    for (; sent < 1000; sent++) await ws.sendBytes(Buffer.alloc(100_000))
  })
  const client = await open(t, port, '/')
  client.ws.pause()
  let before = -1
  while (before !== sent) {
    before = sent
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  t.ok(sent < 1000, `waits after ${sent}`)

  client.ws.resume()
  await result
  t.equal(sent, 1000)
})

t.test('a waiting send is rejected when the peer goes', async t => {
  const { port, result } = await handle(t, { compress: false, writerLimit: 0 }, async ws => {
    for (;;) await ws.sendBytes(Buffer.alloc(1_000_000))
  })
  const client = await open(t, port, '/')
  client.ws.pause()
  client.ws.terminate()

  await t.rejects(result, { code: 'AIO_ERR_WS_CLOSED' })
})

t.test('a client that floods a busy handler is paused, and nothing is lost', async t => {
  const go = withResolvers<void>()
  const { port, result } = await handle(t, {}, async ws => {
    await go.promise
    let count = 0
    for await (const { data } of ws) if (Number(String(data).trimEnd()) === count) count++
    return count
  })
  const client = await open(t, port, '/', [], { perMessageDeflate: false })
  const total = 3000
  for (let count = 0; count < total; count++) client.ws.send(`${count}`.padEnd(10_000))
  let before = -1
  while (before !== client.ws.bufferedAmount) {
    before = client.ws.bufferedAmount
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  t.ok(before > 0, `${before} bytes wait in the client`)

  go.resolve()
  client.ws.close()
  t.equal(await result, total)
})

t.test('frames sent in one turn leave in one write', async t => {
  const app = await buildApp(t)
  const writes: string[] = []
  app.server.on('connection', socket => {
    const { _write: write, _writev: writeMany } = socket
    socket._write = (...args) => {
      writes.push('one')
      write.apply(socket, args)
    }
    socket._writev = (...args) => {
      writes.push('many')
      writeMany?.apply(socket, args)
    }
  })
  app.websocket('/', { compress: false }, async ws => {
    await ws.receive()
    writes.length = 0
    for (let count = 0; count < 16; count++) await ws.sendStr(`message ${count}`)
    await collect(ws)
  })
  const raw = new Raw(t, await serve(app), '/')
  await raw.head()
  raw.socket.write(frame(1, 'go'))
  await raw.read(16 * 11 + 6)

  t.same(writes.length, 1)
})
