import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import {
  ClientConnectionResetError, ClientSession, WSMsgType, WSServerHandshakeError, type WsConnectOptions
} from '../../../../plugins/client-session/index.ts'
import { build } from '../../../helper.ts'
import websockets, { type WebSocketHandler, type WebSocketResponse } from '../../../../plugins/websockets/index.ts'

const echo: WebSocketHandler = async ws => {
  for await (const { data } of ws) {
    if (typeof data === 'string') await ws.sendStr(data)
    else if (Buffer.isBuffer(data)) await ws.sendBytes(data)
  }
}

async function listen (ws: WebSocketResponse): Promise<void> {
  while (!ws.closed) await ws.receive()
}

/** A server with one websocket route. */
async function serve (t: Test, handler: WebSocketHandler, options = {}): Promise<string> {
  const app = build(t)
  await app.register(websockets)
  app.websocket('/ws', options, handler)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`
}

function open (t: Test): ClientSession {
  const session = new ClientSession()
  t.teardown(() => session.close())
  return session
}

t.test('both ends have the same messages', async t => {
  const session = open(t)
  const ws = await session.wsConnect(await serve(t, echo))

  await ws.sendStr('text')
  await ws.sendBytes(Buffer.from([1, 2]))
  await ws.sendJson({ a: 1 })
  await ws.sendJsonBytes([1])

  t.equal(await ws.receiveStr(), 'text')
  t.same(await ws.receiveBytes(), Buffer.from([1, 2]))
  t.same(await ws.receiveJson(), { a: 1 })
  t.same((await ws.receive()).data, Buffer.from('[1]'))
  t.equal(ws.response.status, 101)
  t.equal(await ws.close(), true)
  t.equal(await ws.close(), false)
  t.equal(ws.closeCode, 1000)
  await t.rejects(ws.sendStr('late'), ClientConnectionResetError)
})

t.test('for await ends when the server closes', async t => {
  const url = await serve(t, async ws => {
    for (const text of ['a', 'b', 'c']) await ws.sendStr(text)
  })
  const ws = await open(t).wsConnect(url)
  const texts = []

  for await (const { data } of ws) texts.push(data)

  t.same(texts, ['a', 'b', 'c'])
  t.equal(ws.closeCode, 1000)
})

t.test('await using closes it, and the server hears so', async t => {
  const codes: unknown[] = []
  const closed = later()
  const url = await serve(t, async ws => {
    await listen(ws)
    codes.push(ws.closeCode)
    closed.resolve()
  })
  {
    await using ws = await open(t).wsConnect(url)
    await ws.sendStr('x')
  }

  await closed.promise
  t.same(codes, [1000])
})

t.test('a slow reader slows the server down, whose memory stays', async t => {
  let sent = 0
  const url = await serve(t, async ws => {
    const piece = Buffer.alloc(65_536)
    for (; sent < 400; sent++) await ws.sendBytes(piece)
  }, { writerLimit: 65_536 })
  const ws = await open(t).wsConnect(url)

  await ws.receive()
  await new Promise(resolve => setTimeout(resolve, 200))
  t.ok(sent < 400, `${sent} of 400 were sent while nobody received`)
  let received = 1
  for (;;) {
    const { type } = await ws.receive()
    if (type !== WSMsgType.BINARY) break
    received++
  }

  t.equal(received, 400)
})

t.test('compression is agreed on with the server of this package', async t => {
  await using ws = await open(t).wsConnect(await serve(t, echo), { compress: 12 })
  const text = 'again and '.repeat(1000)

  await ws.sendStr(text)
  await ws.sendStr(text)
  await ws.sendStr(text, { compress: false })

  for (let n = 0; n < 3; n++) t.equal(await ws.receiveStr(), text)
  t.ok(ws.compress > 0)
})

t.test('receive() gives up in time or with a signal, and goes on afterwards', async t => {
  await using ws = await open(t).wsConnect(await serve(t, echo), { timeout: { receive: 20 } })

  await t.rejects(ws.receive(), { code: 'AIO_ERR_WS_RECEIVE_TIMEOUT' })
  const giveUp = new AbortController()
  const waiting = ws.receive({ timeout: null, signal: giveUp.signal })
  giveUp.abort()
  await t.rejects(waiting, { name: 'AbortError' })
  t.equal(ws.closed, false)
  await ws.sendStr('x')
  t.equal(await ws.receiveStr({ timeout: 5_000 }), 'x')
})

t.test('a server that answers in the middle of nothing is noticed by the heartbeat', async t => {
  const url = await silentServer(t)
  const ws = await open(t).wsConnect(url, { heartbeat: 40 })

  const { type, data } = await ws.receive()

  t.equal(type, WSMsgType.ERROR)
  t.match(data, { name: 'ServerTimeoutError' })
  t.equal(ws.closeCode, 1006)
})

t.test('a connection that is reset ends receive() and close(), and nothing is thrown elsewhere', async t => {
  const sockets: Socket[] = []
  const url = await silentServer(t, sockets)
  const ws = await open(t).wsConnect(url)
  const waiting = ws.receive()

  sockets[0]?.resetAndDestroy()

  t.equal((await waiting).type, WSMsgType.CLOSED)
  t.type(ws.exception(), ClientConnectionResetError)
  t.equal(await ws.close(), false)
})

t.test('what is no acceptance is WSServerHandshakeError with the answer', async t => {
  const app = build(t)
  app.get('/', async (_request, reply) => reply.code(403).header('x-why', 'closed').send('no'))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  const error: unknown = await open(t).wsConnect(`http://127.0.0.1:${port}/`).catch((error: unknown) => error)

  if (!t.type(error, WSServerHandshakeError) || !(error instanceof WSServerHandshakeError)) return
  t.equal(error.status, 403)
  t.equal(error.headers?.get('x-why'), 'closed')
  t.equal(error.reason, 'Invalid response status')
})

t.test('wrong options are errors that say what is right', async t => {
  const session = open(t)
  const wrong: [WsConnectOptions, string][] = [
    [{ compress: 8 }, 'AIO_ERR_OPTION_INVALID'],
    [{ timeout: { receive: -1 } }, 'AIO_ERR_OPTION_INVALID'],
    [{ protocols: ['a b'] }, 'AIO_ERR_OPTION_INVALID'],
    [{ maxMsgSize: -1 }, 'AIO_ERR_OPTION_INVALID'],
    // @ts-expect-error: the name is maxMsgSize
    [{ maxMessageSize: 1 }, 'AIO_ERR_OPTION_UNKNOWN']
  ]
  for (const [options, code] of wrong) await t.rejects(session.wsConnect('http://127.0.0.1:1/', options), { code })
})

t.test('closing the session drops its websockets', async t => {
  const session = open(t)
  const ws = await session.wsConnect(await serve(t, echo))

  await session.close()

  t.equal((await ws.receive()).type, WSMsgType.CLOSED)
  t.ok(ws.closed)
})

function later (): { promise: Promise<void>, resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>(_resolve => { resolve = _resolve })
  return { promise, resolve: () => resolve() }
}

/** Accepts websockets and says nothing more. */
async function silentServer (t: Test, sockets: Socket[] = []): Promise<string> {
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', data => {
      const key = /sec-websocket-key: (.*)\r/i.exec(String(data))?.[1] ?? ''
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
    })
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
