/** Messages, closing and what a websocket says to wrong use. */

import { once } from 'node:events'
import t from 'tap'
import { WebSocketResponse, WSMsgType } from '../../../plugins/websockets/index.ts'
import { open, Raw } from './helper.ts'
import { collect, handle } from './connection-helper.ts'

t.test('receiveStr(), receiveBytes() and receiveJson() give what their senders sent', async t => {
  const { port } = await handle(t, {}, async ws => {
    await ws.sendStr(await ws.receiveStr())
    await ws.sendBytes(await ws.receiveBytes())
    await ws.sendJson({ got: await ws.receiveJson() })
    await ws.sendBytes(new Uint8Array([1, 2]))
    await ws.sendBytes(new Uint8Array([3, 4]).buffer)
  })
  const client = await open(t, port, '/')

  t.equal(await client.ask('text ☕'), 'text ☕')
  t.same(await client.ask(Buffer.from([0, 255])), Buffer.from([0, 255]))
  t.equal(await client.ask('[1,{"a":null}]'), '{"got":[1,{"a":null}]}')
  t.same(await client.next(), Buffer.from([1, 2]))
  t.same(await client.next(), Buffer.from([3, 4]))
  t.same(await client.closed, { code: 1000, reason: '' })
})

t.test('a typed receive rejects for a message of another type', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    await t.rejects(ws.receiveStr(), { code: 'AIO_ERR_WS_MESSAGE_TYPE' })
    await t.rejects(ws.receiveBytes(), { code: 'AIO_ERR_WS_MESSAGE_TYPE' })
    await t.rejects(ws.receiveJson(), SyntaxError)
    const { data, extra } = await ws.receive()
    return { data, extra }
  })
  const client = await open(t, port, '/')
  client.ws.send(Buffer.from('binary'))
  client.ws.send('text')
  client.ws.send('{')
  client.ws.close(4000, 'bye')

  t.same(await result, { data: 4000, extra: 'bye' })
})

t.test('message.json() parses text and bytes and refuses other messages', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    const values = [(await ws.receive()).json(), (await ws.receive()).json()]
    const close = await ws.receive()
    t.throws(() => close.json(), { code: 'AIO_ERR_WS_MESSAGE_TYPE' })
    return values
  })
  const client = await open(t, port, '/')
  client.ws.send('{"a":1}')
  client.ws.send(Buffer.from('2'))
  client.ws.close()

  t.same(await result, [{ a: 1 }, 2])
})

t.test('decodeText: false delivers text as Buffer', async t => {
  const { port, result } = await handle(t, { decodeText: false }, ws => ws.receive())
  const client = await open(t, port, '/')
  client.ws.send('text')

  t.match(await result, { type: WSMsgType.TEXT, data: Buffer.from('text') })
})

t.test('messages before a close are answered before the close is', async t => {
  const { port } = await handle(t, {}, async ws => {
    for await (const message of ws) {
      await new Promise(resolve => setImmediate(resolve))
      await ws.sendStr(`echo ${message.data}`)
    }
  })
  const client = await open(t, port, '/')
  client.ws.send('one')
  client.ws.send('two')
  client.ws.close(4002)

  t.same([await client.next(), await client.next()], ['echo one', 'echo two'])
  t.equal((await client.closed).code, 4002)
})

t.test('a close without a code is answered without one and reads 1005', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    await collect(ws)
    return ws.closeCode
  })
  const client = await open(t, port, '/')
  client.ws.close()

  t.equal(await result, 1005)
  t.equal((await client.closed).code, 1005)
})

t.test('a handler that does not receive lets the close be answered after its timeout', async t => {
  const { port } = await handle(t, { timeout: 20 }, () => once(process, 'never-emitted'))
  const client = await open(t, port, '/')
  client.ws.close(4003)

  t.equal((await client.closed).code, 4003)
})

t.test('autoclose: false leaves the answer to the handler', async t => {
  const { port, result } = await handle(t, { autoclose: false }, async ws => {
    const { type } = await ws.receive()
    const before = ws.closed
    await ws.sendStr('one more thing')
    await ws.close({ code: 4001, message: 'manual' })
    return { type, before, after: ws.closed }
  })
  const client = await open(t, port, '/')
  client.ws.close(4000)

  t.equal(await client.next(), 'one more thing')
  t.same(await result, { type: WSMsgType.CLOSE, before: false, after: true })
})

t.test('close() says its code, waits for the answer and acts once', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    const results = [await ws.close({ code: 4444, message: 'över' }), await ws.close()]
    await t.rejects(ws.sendStr('too late'), { code: 'AIO_ERR_WS_CLOSED' })
    return { results, closed: ws.closed, code: ws.closeCode }
  })
  const client = await open(t, port, '/')

  t.same(await client.closed, { code: 4444, reason: 'över' })
  t.same(await result, { results: [true, false], closed: true, code: 4444 })
})

t.test('close() drops a peer that does not answer after the timeout', async t => {
  const { port, result } = await handle(t, { timeout: 30 }, async ws => {
    await ws.close()
    return ws.closeCode
  })
  const raw = new Raw(t, port, '/')

  t.equal(await result, 1006)
  t.same((await raw.rest()).subarray(-4), Buffer.from([0x88, 2, 3, 232]))
})

t.test('close() wakes a waiting receive() with CLOSING', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    const receiving = ws.receive()
    await ws.close()
    return (await receiving).type
  })
  await open(t, port, '/')

  t.equal(await result, WSMsgType.CLOSING)
})

t.test('receive() after the end is CLOSED four times and then throws', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    await collect(ws)
    const types = []
    for (let count = 0; count < 4; count++) types.push((await ws.receive()).type)
    await t.rejects(ws.receive(), { code: 'AIO_ERR_WS_CLOSED' })
    return types
  })
  const client = await open(t, port, '/')
  client.ws.close()

  t.same(await result, Array(4).fill(WSMsgType.CLOSED))
})

t.test('a second receive() while one waits is refused', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    const first = ws.receive()
    await t.rejects(ws.receive(), { code: 'AIO_ERR_WS_RECEIVING' })
    await ws.sendStr('go on')
    return (await first).data
  })
  const client = await open(t, port, '/')
  await client.next()
  client.ws.send('first')

  t.equal(await result, 'first')
})

t.test('a receive timeout rejects and leaves the websocket open', async t => {
  const { port } = await handle(t, { receiveTimeout: 10 }, async ws => {
    await t.rejects(ws.receive(), { code: 'AIO_ERR_WS_RECEIVE_TIMEOUT' })
    await t.rejects(ws.receive(5), { code: 'AIO_ERR_WS_RECEIVE_TIMEOUT' })
    await t.rejects(ws.receive(-1), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await ws.sendStr('still here')
    await ws.sendStr(await ws.receiveStr(null))
  })
  const client = await open(t, port, '/')

  t.equal(await client.next(), 'still here')
  t.equal(await client.ask('good'), 'good')
})

t.test('autoping answers and hides PING; without it both are received', async t => {
  const hidden = await handle(t, {}, collect)
  const shown = await handle(t, { autoping: false }, collect)
  for (const { port } of [hidden, shown]) {
    const client = await open(t, port, '/')
    client.ws.ping('a')
    if (port === hidden.port) t.same(await once(client.ws, 'pong'), [Buffer.from('a')])
    client.ws.pong('b')
    client.ws.close()
    await client.closed
  }

  t.same(await hidden.result, [])
  t.match(await shown.result, [
    { type: WSMsgType.PING, data: Buffer.from('a') },
    { type: WSMsgType.PONG, data: Buffer.from('b') }
  ])
})

t.test('ping() and pong() send at most 125 bytes', async t => {
  const { port } = await handle(t, {}, async ws => {
    await ws.ping('p')
    await ws.pong(Buffer.from('q'))
    await t.rejects(ws.ping('x'.repeat(126)), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await collect(ws)
  })
  const raw = new Raw(t, port, '/')
  await raw.head()

  t.same(await raw.read(6), Buffer.from([0x89, 1, 112, 0x8a, 1, 113]))
})

t.test('what cannot be sent rejects with a coded error', async t => {
  const { port, result } = await handle(t, {}, async ws => {
    // @ts-expect-error bytes are no text
    await t.rejects(ws.sendStr(Buffer.from('')), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    // @ts-expect-error text is no bytes
    await t.rejects(ws.sendBytes('text'), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await t.rejects(ws.sendJson(undefined), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await t.rejects(ws.close({ code: 1006 }), { code: 'AIO_ERR_OPTION_INVALID' })
    await t.rejects(ws.close({ message: 'x'.repeat(124) }), { code: 'AIO_ERR_OPTION_INVALID' })
  })
  await open(t, port, '/')

  await result
})

t.test('a websocket that is not prepared can do nothing', async t => {
  const ws = new WebSocketResponse()
  const code = 'AIO_ERR_WS_NOT_PREPARED'

  await t.rejects(ws.sendStr(''), { code, message: /call .prepare\(\) first/ })
  await t.rejects(ws.sendBytes(Buffer.alloc(0)), { code })
  await t.rejects(ws.sendJson(null), { code })
  await t.rejects(ws.ping(), { code })
  await t.rejects(ws.pong(), { code })
  await t.rejects(ws.receive(), { code })
  await t.rejects(ws.close(), { code })
  t.throws(() => ws.request, { code })
  t.match(ws, { prepared: false, closed: false, closeCode: null, protocol: null, compress: false, openedAt: 0 })
  t.equal(ws.exception(), null)
})

t.test('wrong options are coded errors', async t => {
  // @ts-expect-error a misspelt option
  t.throws(() => new WebSocketResponse({ heartBeat: 1 }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  for (const options of [{ heartbeat: 0 }, { timeout: -1 }, { maxMsgSize: 1.5 }, { protocols: ['a b'] }]) {
    t.throws(() => new WebSocketResponse(options), { code: 'AIO_ERR_OPTION_INVALID' })
  }
})
