import t from 'tap'
import { StreamReader } from '../../../../plugins/client-session/response/stream-reader.ts'
import type { BodySource } from '../../../../plugins/client-session/types.ts'

/** Chunks as a server sent them, all there or each after a turn of the event loop. */
class Chunks implements BodySource {
  chunkEnded = false
  rawBytes = 0
  readonly #slow: boolean
  readonly #chunks: string[]
  #over = false

  constructor (chunks: string[], slow = false) {
    this.#chunks = [...chunks]
    this.#slow = slow
  }

  get ended (): boolean {
    return this.#over || (!this.#slow && this.#chunks.length === 0)
  }

  poll (): undefined {}

  async next (): Promise<Buffer | null> {
    await new Promise(resolve => setImmediate(resolve))
    const chunk = this.#chunks.shift()
    this.#over = chunk === undefined
    this.chunkEnded = chunk !== undefined && !chunk.endsWith('…')
    this.rawBytes += chunk?.length ?? 0
    return chunk === undefined ? null : Buffer.from(chunk.replace('…', ''))
  }

  stop (): void {}
}

t.test('read(), readAny() and readExactly() take what is asked for', async t => {
  const reader = new StreamReader(new Chunks(['abcdefghij']))
  t.equal(String(await reader.read(3)), 'abc')
  t.equal(String(await reader.read(0)), '')
  t.equal(String(await reader.readExactly(2)), 'de')
  t.equal(String(await reader.readAny()), 'fghij')
  t.equal(String(await reader.read()), '')
  t.ok(reader.atEof() && reader.isEof())
  t.equal(reader.totalBytes, 10)
  t.equal(reader.totalRawBytes, 10)

  const short = new StreamReader(new Chunks(['abc']))
  await t.rejects(short.readExactly(10), { code: 'AIO_ERR_INCOMPLETE_READ', partial: Buffer.from('abc'), expected: 10 })
})

t.test('readLine() and readUntil() find their end in any chunk', async t => {
  const reader = new StreamReader(new Chunks(['o', 'ne\ntw', 'o\r\n\nla--st-', '-rest']))
  t.equal(String(await reader.readLine()), 'one\n')
  t.equal(String(await reader.readLine()), 'two\r\n')
  t.equal(String(await reader.readLine()), '\n')
  t.equal(String(await reader.readUntil('--')), 'la--')
  t.equal(String(await reader.readUntil('--')), 'st--')
  await t.rejects(reader.readUntil(''), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.same((await all(reader)).map(String), ['rest'])

  const long = new StreamReader(new Chunks(['x'.repeat(3000)]), 1024)
  await t.rejects(long.readLine(), { name: 'ClientPayloadError', message: 'Line is longer than 2048 bytes' })
  const allowed = new StreamReader(new Chunks(['x'.repeat(3000)]), 1024)
  t.equal((await allowed.readLine({ maxSize: 4000 })).length, 3000)
})

t.test('iterChunks() keeps the chunks of the server', async t => {
  const chunks = async (...given: ConstructorParameters<typeof Chunks>) =>
    (await all(new StreamReader(new Chunks(...given)).iterChunks())).map(([data, end]) => [String(data), end])
  t.same(await chunks(['ab', 'c…', 'd', 'ef']), [['ab', true], ['c', false], ['d', true], ['ef', true]])
  t.same(await chunks(['ab'], true), [['ab', true], ['', true]], 'an end that comes on its own')
  t.same(await chunks([]), [])

  const reader = new StreamReader(new Chunks(['abc', 'def', 'ghi']))
  t.equal(String(await reader.read(1)), 'a')
  t.same(await reader.readChunk(), [Buffer.from('bc'), true])
  t.equal(String(await reader.readExactly(4)), 'defg')
  t.same(await reader.readChunk(), [Buffer.from('hi'), true])
})

t.test('two cannot wait for the same bytes', async t => {
  const reader = new StreamReader(new Chunks(['ab']))
  const first = reader.read(1)
  await t.rejects(reader.read(1), { code: 'AIO_ERR_BODY_READING' })
  t.equal(String(await first), 'a')
})

async function all<T> (items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
