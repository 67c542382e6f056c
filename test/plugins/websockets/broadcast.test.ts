import t from 'tap'
import { SharedMessage } from '../../../plugins/websockets/broadcast.ts'
import type { WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { buildApp, listen, open, Raw, serve } from './helper.ts'

t.test('groups: joined, left, and left by closing', async t => {
  const app = await buildApp(t)
  app.websocket('/:name', listen)
  const port = await serve(app)
  const client = await open(t, port, '/a')
  await open(t, port, '/b')
  const [a, b] = [...app.websockets]
  app.websockets.join(a!, 'news')
  app.websockets.join(a!, 'news')
  app.websockets.join(b!, 'news')
  app.websockets.join(a!, 'sports')

  t.same([...app.websockets.byGroup('news')], [a, b])
  t.same([...app.websockets.groupsOf(a!)], ['news', 'sports'])
  t.match(app.websockets.counts(), { open: 2, opened: 2, groups: { news: 2, sports: 1 }, routes: { '/:name': 2 } })

  t.equal(app.websockets.leave(b!, 'news'), true)
  t.equal(app.websockets.leave(b!, 'news'), false)
  client.ws.close()
  await client.closed
  t.same([...app.websockets.byGroup('news')], [])
  t.same(app.websockets.counts().groups, {})
  t.throws(() => app.websockets.join(a!, 'news'), { code: 'AIO_ERR_WS_CLOSED' })
  t.throws(() => app.websockets.join(b!, ''), { code: 'AIO_ERR_ARGUMENT_INVALID' })
})

t.test('a broadcast reaches all, the members of a group, and not who is left out', async t => {
  const app = await buildApp(t)
  app.websocket('/', listen)
  const port = await serve(app)
  const clients = [await open(t, port, '/'), await open(t, port, '/'), await open(t, port, '/')]
  const [first, second] = [...app.websockets]
  app.websockets.join(first!, 'g')
  app.websockets.join(second!, 'g')

  t.equal(app.websockets.broadcast(null, 'all').sent, 3)
  t.equal(app.websockets.broadcast('g', 'some', { except: first! }).sent, 1)
  t.equal(app.websockets.broadcast('nobody', 'none').sent, 0)
  t.equal(app.websockets.broadcast(null, Buffer.from('end')).sent, 3)
  for (const [index, client] of clients.entries()) {
    t.equal(await client.next(), 'all')
    if (index === 1) t.equal(await client.next(), 'some')
    t.same(await client.next(), Buffer.from('end'))
  }
  t.match(app.websockets.counts(), { broadcasts: 4, delivered: 7, skipped: 0, dropped: 0 })
})

t.test('a broadcast is compressed once for those who share, and arrives whole at all others', async t => {
  const app = await buildApp(t)
  app.websocket('/shared', { contextTakeover: false }, listen)
  app.websocket('/own', listen)
  app.websocket('/plain', { compress: false }, listen)
  const port = await serve(app)
  const paths = ['/shared', '/shared', '/own', '/plain']
  const clients = []
  for (const path of paths) clients.push(await open(t, port, path))
  const text = 'broadcast '.repeat(10_000)

  for (const compress of [undefined, true, false]) {
    app.websockets.broadcast(null, text, compress === undefined ? {} : { compress })
    for (const client of clients) t.equal(await client.next(), text)
    // What is the connection's own still inflates: its window is not disturbed.
    for (const websocket of app.websockets) await (websocket as WebSocketResponse).sendStr(text)
    for (const client of clients) t.equal(await client.next(), text)
  }
  t.equal(clients[0]!.ws.extensions, 'permessage-deflate')
})

t.test('a message is framed once for all, in each of the three lengths', async t => {
  for (const [size, head] of [[5, 2], [126, 4], [65_536, 10]] as const) {
    const message = new SharedMessage('x'.repeat(size), undefined)
    const plain = message.frameFor({ windowBits: 0, noContextTakeover: false })

    t.equal(plain?.length, size + head)
    t.equal(message.frameFor({ windowBits: 15, noContextTakeover: false }), plain)
  }
  const message = new SharedMessage(Buffer.alloc(5000), undefined)
  const shared = message.frameFor({ windowBits: 15, noContextTakeover: true })
  t.equal(message.frameFor({ windowBits: 15, noContextTakeover: true }), shared)
  t.ok(Number(shared?.length) < 100)
  t.equal(shared?.[0], 0xc2, 'RSV1 and binary')
  t.not(message.frameFor({ windowBits: 9, noContextTakeover: true }), shared)
})

t.test('the first broadcast of a turn leaves at once, what follows it at the end of the turn', async t => {
  const app = await buildApp(t)
  app.websocket('/', { compress: false }, listen)
  const client = await open(t, await serve(app), '/')
  const { socket } = [...app.websockets][0]!.request.raw
  const waiting = ['one', 'two', 'six'].map(text => {
    app.websockets.broadcast(null, text)
    return socket.writableLength
  })

  t.same(waiting, [0, 5, 10])
  t.same([await client.next(), await client.next(), await client.next()], ['one', 'two', 'six'])
  app.websockets.broadcast(null, 'in another turn')
  t.equal(socket.writableLength, 0)
})

t.test('who is slow misses a broadcast, or is dropped', async t => {
  const app = await buildApp(t)
  app.websocket('/', { writerLimit: 100_000, compress: false, timeout: 10 }, listen)
  const port = await serve(app)
  const slow = new Raw(t, port, '/')
  await slow.head()
  slow.socket.pause()
  const fast = await open(t, port, '/')
  const chunk = 'x'.repeat(1_000_000)
  let results = { sent: 2, skipped: 0, dropped: 0 }
  for (let index = 0; index < 30 && results.skipped === 0; index++) {
    results = app.websockets.broadcast(null, chunk)
    await fast.next()
  }

  t.same(results, { sent: 1, skipped: 1, dropped: 0 })
  t.same(app.websockets.broadcast(null, 'now or never', { slow: 'drop' }), { sent: 1, skipped: 0, dropped: 1 })
  t.equal(await fast.next(), 'now or never')
  t.equal(app.websockets.size, 1)
})

t.test('a broadcast queues behind what is being compressed', async t => {
  const app = await buildApp(t)
  app.websocket('/', async ws => {
    for (let index = 0; index < 5; index++) {
      ws.sendStr(`${index} ${'x'.repeat(20_000)}`).catch(() => {})
      app.websockets.broadcast(null, String(index))
    }
    await listen(ws)
  })
  const client = await open(t, await serve(app), '/')
  const seen = []
  for (let index = 0; index < 10; index++) seen.push(String(await client.next()).slice(0, 1))

  t.same(seen, ['0', '0', '1', '1', '2', '2', '3', '3', '4', '4'])
})

t.test('wrong arguments of broadcast() are coded errors', async t => {
  const { websockets } = await buildApp(t)

  t.throws(() => websockets.broadcast('', 'x'), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => websockets.broadcast(null, 1 as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => websockets.broadcast(null, 'x', { slow: 'wait' as never }), { code: 'AIO_ERR_OPTION_INVALID' })
  // @ts-expect-error a misspelt option
  t.throws(() => websockets.broadcast(null, 'x', { compressed: true }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})
