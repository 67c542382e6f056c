import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { openSession, serve } from './helper.ts'

/** `TRANSFER_BYTES=1073741824` is the long run. */
const size = Number(process.env.TRANSFER_BYTES ?? 256 * 1024 * 1024)
const piece = Buffer.alloc(64 * 1024, 'x')
/** What a process may grow by, with client and server in it: a few buffers, and what is not yet collected. */
const room = 160 * 1024 * 1024

function * pieces (): Generator<Buffer> {
  for (let sent = 0; sent < size; sent += piece.length) yield piece
}

/** Runs something and tells by how much the process grew at most, in bytes. */
async function growth (work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss()
  let highest = before
  const timer = setInterval(() => { highest = Math.max(highest, process.memoryUsage.rss()) }, 20)
  await work()
  clearInterval(timer)
  return highest - before
}

function megabytes (bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`
}

t.test('a large body is downloaded without being kept', async t => {
  const origin = await serve(t, (_request, response) => { pipeline(pieces(), response).catch(() => {}) })
  const session = openSession(t)
  let received = 0
  const grown = await growth(async () => {
    const response = await session.get(origin)
    for await (const [data] of response.content.iterChunks()) received += data.length
  })
  t.equal(received, size)
  t.ok(grown < room, `${megabytes(size)} took ${megabytes(grown)}`)
  t.comment(`${megabytes(size)} took ${megabytes(grown)}`)
})

t.test('a large body is uploaded without being kept', async t => {
  let received = 0
  const origin = await serve(t, (request, response) => {
    request.on('data', (data: Buffer) => { received += data.length }).on('end', () => response.end('ok'))
  })
  const session = openSession(t)
  const grown = await growth(async () => {
    const response = await session.post(origin, { data: (async function * () { yield * pieces() })() })
    t.equal(await response.text(), 'ok')
  })
  t.equal(received, size)
  t.ok(grown < room, `${megabytes(size)} took ${megabytes(grown)}`)
  t.comment(`${megabytes(size)} took ${megabytes(grown)}`)
})

t.test('a server waits for whoever reads slowly', async t => {
  let sent = 0
  const server = createServer((_request, response) => {
    pipeline(function * () {
      for (const data of pieces()) {
        sent += data.length
        yield data
      }
    }, response).catch(() => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const response = await openSession(t).get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  // It goes on until every buffer on the way is full.
  for (let before = -1; before !== sent;) {
    before = sent
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  t.ok(sent < 32 * 1024 * 1024, `${megabytes(sent)} were sent`)
  response.release()
})
