import zlib, { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { decoded } from '../../../../plugins/client-session/body/decompress.ts'
import type { BodySource } from '../../../../plugins/client-session/types.ts'

/** Pieces of a body, each after a turn of the event loop unless it is the only one. */
class Pieces implements BodySource {
  readonly chunkEnded = false
  rawBytes = 0
  stopped = false
  #pieces: (Buffer | Error)[]

  constructor (pieces: (Buffer | Error)[]) {
    this.#pieces = [...pieces]
  }

  get left (): number {
    return this.#pieces.length
  }

  get ended (): boolean {
    return this.#pieces.length === 0
  }

  poll (): Buffer | null | undefined {
    return this.#pieces.length > 1 ? undefined : this.#take()
  }

  async next (): Promise<Buffer | null> {
    await new Promise(resolve => setImmediate(resolve))
    return this.#take()
  }

  stop (): void {
    this.stopped = true
  }

  #take (): Buffer | null {
    const piece = this.#pieces.shift()
    if (piece instanceof Error) throw piece
    this.rawBytes += piece?.length ?? 0
    return piece ?? null
  }
}

t.test('decoded() undoes gzip, deflate with and without its header, and br, however they come', async t => {
  for (const data of [Buffer.from('hello'), bytes(300_000), Buffer.alloc(2_000_000)]) {
    for (const [coding, body] of [
      ['gzip', gzipSync(data)], ['GZIP ', gzipSync(data)], ['deflate', deflateSync(data)], ['deflate', deflateRawSync(data)],
      ['br', brotliCompressSync(data)]
    ] as const) {
      for (const size of [body.length, 1000, data.length < 1000 ? 1 : 5000]) {
        t.ok((await read(coding, cut(body, size))).equals(data), `${coding} ${data.length} in pieces of ${size}`)
      }
    }
  }
})

t.test('a small body is decoded at once', async t => {
  const source = decoded(new Pieces([gzipSync('hello')]), 'gzip')
  t.equal(String(source?.poll()), 'hello')
  t.equal(source?.poll(), null)
  t.ok(source?.ended)
  t.equal(source?.rawBytes, gzipSync('hello').length)
})

t.test('several members follow each other', async t => {
  for (const [coding, pack] of [['gzip', gzipSync], ['deflate', deflateSync], ['deflate', deflateRawSync]] as const) {
    const body = Buffer.concat([pack('one '), pack('two '), pack('')])
    for (const size of [body.length, 1, pack('one ').length, 7]) t.equal(String(await read(coding, cut(body, size))), 'one two ')
  }
  t.equal(String(await read('gzip', [Buffer.concat([gzipSync('x'), Buffer.alloc(9)])])), 'x', 'zeros are padding')
  t.equal(String(await read('gzip', [gzipSync('x'), Buffer.alloc(9)])), 'x')
})

t.test('nothing at all is no broken body', async t => {
  for (const coding of ['gzip', 'deflate', 'br']) t.equal((await read(coding, [])).length, 0)
  t.equal((await read('gzip', [gzipSync('')])).length, 0)
})

t.test('what is unknown, or several, is left alone', async t => {
  for (const coding of ['snappy', 'x-gzip', 'gzip, br', 'identity', '', 'constructor']) {
    t.equal(decoded(new Pieces([]), coding), undefined, coding)
  }
})

t.test('corrupt, truncated and trailing data are a ClientPayloadError', async t => {
  const broken: [string, Buffer][] = [
    ['gzip', Buffer.from('not gzip at all')], ['br', Buffer.from('not brotli at all')], ['deflate', Buffer.from('eJz/////', 'base64')],
    ['gzip', Buffer.from('H4sIAAAAAAAAA8tIzcnJBwAAAAAABQAAAA==', 'base64')],
    ['gzip', gzipSync('hello hello').subarray(0, 15)], ['deflate', deflateSync('hello hello').subarray(0, 8)],
    ['br', brotliCompressSync('hello hello').subarray(0, 4)], ['deflate', deflateRawSync('hello hello').subarray(0, 5)],
    ['gzip', Buffer.concat([gzipSync('hello'), Buffer.from('junk')])], ['br', Buffer.concat([brotliCompressSync('hello'), Buffer.from('junk')])],
    ['deflate', Buffer.concat([deflateSync('hello'), Buffer.from('xyz')])], ['gzip', gzipSync(bytes(100_000)).subarray(0, -20)]
  ]
  for (const [coding, body] of broken) {
    for (const size of [body.length, 1, 5]) {
      if (body.length / size > 1000) continue
      const source = new Pieces(cut(body, size))
      const reader = decoded(source, coding)
      await t.rejects(all(reader), { name: 'ClientPayloadError', message: `Cannot decode the body as ${coding}` }, `${body.toString('base64').slice(0, 20)} ${size}`)
      await t.rejects(async () => await reader?.next(), { name: 'ClientPayloadError' }, 'and so it stays')
      t.ok(source.stopped)
    }
  }
})

t.test('an error of the connection stays what it is', async t => {
  const failure = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
  await t.rejects(read('gzip', [gzipSync(bytes(1000)).subarray(0, 50), failure]), failure)
  await t.rejects(read('gzip', [failure]), failure)
})

t.test('a body may become so large and no larger', async t => {
  const bomb = gzipSync(Buffer.alloc(8_000_000))
  const whole = decoded(new Pieces([bomb]), 'gzip')
  let largest = 0
  for (let piece = await whole?.next(); piece; piece = await whole?.next()) largest = Math.max(largest, piece.length)
  t.ok(largest <= 1024 * 1024, 'in pieces that are bounded')

  for (const body of [bomb, gzipSync(Buffer.alloc(2000))]) {
    const source = new Pieces([body])
    await t.rejects(all(decoded(source, 'gzip', 1999)), { name: 'ClientPayloadError', message: /larger than the 1999 bytes/ })
    t.ok(source.stopped)
  }
  t.equal((await read('gzip', [gzipSync(Buffer.alloc(2000))], 2000)).length, 2000)
})

t.test('no more is taken than is asked for, and stop() ends it', async t => {
  const source = new Pieces(cut(gzipSync(bytes(5_000_000)), 10_000))
  const reader = decoded(source, 'gzip')
  await reader?.next()
  t.ok(source.left > 50, `${source.left} pieces were left alone`)
  reader?.stop()
  t.ok(source.stopped)
})

t.test('zstd is undone where Node.js has it', { skip: !('zstdCompressSync' in zlib) && 'this Node.js has no zstd' }, async t => {
  const frame = Buffer.from('KLUv/SAFKQAAaGVsbG8=', 'base64')
  t.equal(String(await read('zstd', [frame])), 'hello')
  for (const pieces of [[Buffer.concat([frame, frame])], [frame, frame], cut(Buffer.concat([frame, frame]), 1)]) {
    t.equal(String(await read('zstd', pieces)), 'hellohello')
  }
})

async function read (coding: string, pieces: (Buffer | Error)[], limit?: number): Promise<Buffer> {
  return await all(decoded(new Pieces(pieces), coding, limit))
}

async function all (source: BodySource | undefined): Promise<Buffer> {
  if (source === undefined) throw new Error('The coding is not known')
  const pieces: Buffer[] = []
  for (;;) {
    const piece = source.poll() ?? await source.next()
    if (piece === null) return Buffer.concat(pieces)
    pieces.push(piece)
  }
}

/** Bytes that are not easily compressed. */
function bytes (length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => index * 7919 + (index >> 8) * 31 + (index >> 4) ** 2))
}

function cut (body: Buffer, size: number): Buffer[] {
  const count = Math.ceil(body.length / size)
  return Array.from({ length: count }, (_, index) => body.subarray(index * size, (index + 1) * size))
}
