import { once } from 'node:events'
import type { Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { openSession, serve, speak } from './helper.ts'

const tooLarge = { name: 'ClientPayloadError', message: 'The body is larger than the 1000 bytes of maxBodySize' }

t.test('a body of maxBodySize is taken, however it is framed', async t => {
  const origin = await serve(t, (request, response) => {
    if (request.url === '/chunked') response.write('x')
    response.end('x'.repeat(request.url === '/chunked' ? 999 : 1000))
  })
  const session = openSession(t, { maxBodySize: 1000 })
  for (const path of ['/length', '/chunked']) {
    const response = await session.get(origin + path)
    t.equal((await response.read()).length, 1000)
  }
  t.equal(session.connector?.stats.opened, 1, 'and its connection is used again')
})

t.test('a body that is larger fails, and its connection is closed', async t => {
  const origin = await serve(t, (request, response) => {
    if (request.url === '/chunked') response.write('x')
    if (request.url === '/end') response.setHeader('connection', 'close').flushHeaders()
    response.end('x'.repeat(1001))
  })
  const session = openSession(t, { maxBodySize: 1000 })
  for (const path of ['/length', '/chunked', '/end']) {
    const response = await session.get(origin + path)
    t.equal(response.status, 200)
    await t.rejects(response.read(), tooLarge, path)
    await t.rejects(response.read(), tooLarge, 'and again')
  }
  t.match(session.connector?.stats, { used: 0, idle: 0, opened: 3 })
})

t.test('a body that says it is too large is not waited for', async t => {
  let socket: Socket | undefined
  const { origin } = await speak(t, (_request, client) => {
    socket = client
    client.write('HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n')
  })
  const response = await openSession(t).get(origin, { maxBodySize: 1000 })
  await t.rejects(response.read(), tooLarge)
  if (socket?.closed === false) await once(socket, 'close')
})

t.test('it is about what a response has, not about what it says of another', async t => {
  const origin = await serve(t, (_request, response) => response.setHeader('content-length', 1001).end())
  const response = await openSession(t).head(origin, { maxBodySize: 1000 })
  t.equal(response.contentLength, 1001)
  t.same(await response.read(), Buffer.alloc(0))
})

for (const [coding, bomb] of Object.entries({
  gzip: gzipSync(Buffer.alloc(50_000_000)), br: brotliCompressSync(Buffer.alloc(50_000_000))
})) {
  t.test(`a bomb of ${coding} is not decompressed beyond maxBodySize`, async t => {
    const origin = await serve(t, (_request, response) => response.setHeader('content-encoding', coding).end(bomb))
    const session = openSession(t, { maxBodySize: 1_000_000 })
    const response = await session.get(origin)
    let taken = 0
    await t.rejects(async () => {
      for await (const [piece] of response.content.iterChunks()) taken += piece.length
    }, { name: 'ClientPayloadError', message: 'The decompressed body is larger than the 1000000 bytes of maxBodySize' })
    t.ok(taken <= 1_000_000, `${taken} bytes were given out`)
    const raw = await session.get(origin, { autoDecompress: false })
    t.same(await raw.read(), bomb, 'as it comes it is small')
  })
}

t.test('a request has its own limit', async t => {
  const origin = await serve(t, (_request, response) => response.end('x'.repeat(1001)))
  const session = openSession(t, { maxBodySize: 1000 })
  const response = await session.get(origin, { maxBodySize: Infinity })
  t.equal((await response.read()).length, 1001)
  await t.rejects(session.get(origin, { maxBodySize: -1 }), { code: 'AIO_ERR_OPTION_INVALID' })
})
