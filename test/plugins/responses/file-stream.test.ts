import { EventEmitter, once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { FileStream } from '../../../plugins/responses/file-stream.ts'

async function setUp (t: Test, size = 10_000) {
  const file = path.join(t.testdir(), 'file')
  const content = Buffer.alloc(size, 'abcdefg')
  writeFileSync(file, content)
  return { content, handle: await open(file) }
}

t.test('FileStream reads a part in pieces and closes the file', async t => {
  const { content, handle } = await setUp(t)
  const stream = new FileStream(handle, { start: 10, end: 9000, chunkSize: 1000 })

  t.ok((await buffer(stream)).equals(content.subarray(10, 9000)))
  t.equal(handle.fd, -1)
})

t.test('FileStream closes a file nobody reads', async t => {
  const { handle } = await setUp(t)
  const stream = new FileStream(handle, { start: 0, end: 10, chunkSize: 1000 })

  await new Promise(resolve => stream.once('close', resolve).destroy())
  t.equal(handle.fd, -1)
})

t.test('FileStream reads nothing of nothing', async t => {
  const { handle } = await setUp(t)

  t.equal((await buffer(new FileStream(handle, { start: 5, end: 5, chunkSize: 10 }))).length, 0)
})

t.test('FileStream fails when the file is too short', async t => {
  const { handle } = await setUp(t, 100)

  await t.rejects(buffer(new FileStream(handle, { start: 0, end: 200, chunkSize: 64 })))
  t.equal(handle.fd, -1)
})

t.test('FileStream sends a file through one buffer, however slowly it is taken', async t => {
  const { file, content } = numbered(t)
  const handle = await open(file)
  const stream = new FileStream(handle, { start: 0, end: content.length, chunkSize: 64 * 1024 })
  const closed = new Promise(resolve => stream.once('close', resolve))
  const url = await serve(t, response => {
    response.setHeader('content-length', content.length)
    stream.pipe(response)
  })

  const [response] = await once(get(url), 'response') as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of response) {
    pieces.push(piece as Buffer)
    await new Promise(resolve => setImmediate(resolve))
  }
  t.ok(Buffer.concat(pieces).equals(content))
  await closed
  t.equal(handle.fd, -1)
})

t.test('FileStream tells that it has ended, and leaves the response open when it is told to', async t => {
  const { file } = numbered(t)
  const url = await serve(t, async response => {
    const stream = new FileStream(await open(file), { start: 0, end: 10_000, chunkSize: 3000 })
    stream.once('end', () => response.end('the end')).pipe(response, { end: false })
  })

  const [response] = await once(get(url), 'response') as [IncomingMessage]
  t.equal((await buffer(response)).subarray(10_000).toString(), 'the end')
})

t.test('FileStream closes the file when the client leaves, and when the file is too short', async t => {
  const { file, content } = numbered(t)
  for (const [leaves, end] of [[true, content.length], [false, content.length + 1]] as const) {
    const handle = await open(file)
    const stream = new FileStream(handle, { start: 0, end, chunkSize: 64 * 1024 })
    const closed = new Promise(resolve => stream.once('close', resolve))
    const url = await serve(t, response => {
      stream.once('error', () => response.destroy()).pipe(response)
      response.once('close', () => stream.destroy())
    })

    const [response] = await once(get(url), 'response') as [IncomingMessage]
    if (leaves) response.destroy()
    else await t.rejects(buffer(response))
    await closed
    t.equal(handle.fd, -1)
  }
})

t.test('FileStream closes the file when the client leaves before it is his turn', async t => {
  const { file, content } = numbered(t)
  const handle = await open(file)
  const stream = new FileStream(handle, { start: 0, end: content.length, chunkSize: 64 * 1024 })
  const closed = new Promise(resolve => stream.once('close', resolve))
  const turns = new EventEmitter()
  const url = await serve(t, (response, { url }) => {
    // The first is never answered.
    if (url !== '/second') return
    stream.pipe(response)
    turns.emit('second')
  })

  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const second = once(turns, 'second')
  socket.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n')
  await second
  socket.destroy()
  await closed
  t.equal(handle.fd, -1)
})

t.test('FileStream gives bytes of its own to whoever has replaced write()', async t => {
  const { file, content } = numbered(t)
  const kept: Buffer[] = []
  const url = await serve(t, async response => {
    response.write = (piece: unknown) => {
      kept.push(piece as Buffer)
      return true
    }
    new FileStream(await open(file), { start: 0, end: content.length, chunkSize: 64 * 1024 }).pipe(response)
  })

  const [response] = await once(get(url), 'response') as [IncomingMessage]
  await buffer(response)
  t.ok(Buffer.concat(kept).equals(content))
})

/** More than the system buffers, and no two pieces alike. */
function numbered (t: Test) {
  const content = Buffer.alloc(8 * 1024 ** 2)
  for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at)
  return { content, file: path.join(t.testdir({ numbered: content }), 'numbered') }
}

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown

async function serve (t: Test, answer: Answer): Promise<string> {
  const server = createServer((request, response) => { answer(response, request) }).listen(0, '127.0.0.1')
  t.teardown(() => server.close().closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
