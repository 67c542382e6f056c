import t from 'tap'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { BodyPartReader, MultipartReader } from '../../../plugins/requests/index.ts'
import { answering, field, multipart, type, type Part } from './helper.ts'

const part = (body: string | Buffer, headers: Record<string, string> = { 'Content-Type': 'text/plain' }): Part => ({ headers, body })

/** All parts, nested ones as lists. */
async function show (reader: MultipartReader): Promise<unknown[]> {
  const parts: unknown[] = []
  for await (const item of reader) {
    parts.push(item instanceof MultipartReader ? await show(item) : (await item.read({ decode: true })).toString())
  }
  return parts
}

async function ask (
  t: Parameters<typeof answering>[0], payload: string | Buffer, handler: (reader: MultipartReader) => unknown,
  contentType = type('mixed')
) {
  const app = await answering(t, async request => await handler(await request.multipart()), { clientMaxSize: 5000 })
  return await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': contentType } })
}

t.test('multipart() gives part after part', async t => {
  const payload = multipart([part('one'), part('{"a":1}', { 'Content-Type': 'application/json' }), part('')])

  t.same((await ask(t, payload, show)).json(), ['one', '{"a":1}', ''])
})

t.test('a preamble, an epilogue and padding do not count', async t => {
  const text = 'This is MIME.\r\n--Xish\r\n--X \t\r\n\r\none\r\n--X\r\n\r\ntwo\r\n--X-- \r\nepilogue\r\n--X\r\nmore'

  t.same((await ask(t, text, show)).json(), ['one', 'two'])
})

t.test('a part without a line break of its own is empty', async t => {
  t.same((await ask(t, '--X\r\nA: b\r\n\r\n--X\r\n\r\n\r\n--X--', show)).json(), ['', ''])
})

t.test('multiparts are nested', async t => {
  const inner = multipart([part('in 1'), part('in 2')], 'Y')
  const payload = multipart([part(inner, { 'Content-Type': 'multipart/mixed; boundary=Y' }), part('out')])
  const tight = Buffer.from(payload.toString().replace('--Y--\r\n\r\n', '--Y--\r\n'))

  t.same((await ask(t, payload, show)).json(), [['in 1', 'in 2'], 'out'])
  t.same((await ask(t, tight, show)).json(), [['in 1', 'in 2'], 'out'])
  t.same((await ask(t, payload, async reader => {
    const nested = await reader.next() as MultipartReader
    const first = await nested.next() as BodyPartReader
    const out = await reader.next() as BodyPartReader
    return [first.atEof(), nested.atEof(), await nested.next(), await out.text(), await reader.next(), reader.atEof()]
  })).json(), [true, true, null, 'out', null, true])
})

t.test('what is not read is skipped', async t => {
  const payload = multipart([part('x'.repeat(100_000)), part('two')])

  t.same((await ask(t, payload, async reader => {
    const first = await reader.next() as BodyPartReader
    const begin = await first.readChunk(10)
    const second = await reader.next() as BodyPartReader
    return [begin.toString(), (await first.readChunk()).length, await second.text()]
  })).json(), ['x'.repeat(10), 0, 'two'])
  t.same((await ask(t, payload, async reader => {
    const first = await reader.next() as BodyPartReader
    await first.release()
    await reader.release()
    return [first.atEof(), reader.atEof()]
  })).json(), [true, true])
})

t.test('readChunk() gives no more than asked for, however the boundary is cut', async t => {
  const body = 'a\r\n--b\r\n--\r\n-\r\n--W'
  const payload = multipart([part(body)])

  for (const size of [1, 2, 3, 7, 8192]) {
    t.equal((await ask(t, payload, async reader => {
      const item = await reader.next() as BodyPartReader
      let text = ''
      for (let chunk = await item.readChunk(size); chunk.length > 0; chunk = await item.readChunk(size)) {
        if (chunk.length > size) throw new Error('too much')
        text += chunk.toString()
      }
      return text
    })).body, body)
  }
})

t.test('a part says what it is', async t => {
  const payload = multipart([
    { headers: { 'content-disposition': 'form-data; name="a"; filename="b.txt"', 'X-Many': '1', 'x-many': '2' }, body: '' },
    part('', {})
  ])

  t.same((await ask(t, payload, async reader => {
    const first = await reader.next() as BodyPartReader
    const second = await reader.next() as BodyPartReader
    return [first.name, first.filename, first.headers.getAll('X-MANY'), second.name, second.filename, second.headers.size]
  }, type())).json(), ['a', 'b.txt', ['1', '2'], null, null, 0])
})

t.test('text(), json() and form() follow the charset', async t => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1')
  const payload = multipart([
    part(latin1('ü'), { 'Content-Type': 'text/plain; charset=iso-8859-1' }), part('{"a": "ü"}'), part(''),
    part('a=1&b=%C3%BC\r\n'), part(latin1('ü'))
  ])

  t.same((await ask(t, payload, async reader => {
    const next = async () => await reader.next() as BodyPartReader
    return [await (await next()).text(), await (await next()).json(), await (await next()).json(),
      await (await next()).form(), await (await next()).text({ encoding: 'latin1' })]
  })).json(), ['ü', { a: 'ü' }, null, [['a', '1'], ['b', 'ü']], 'ü'])
})

t.test('transfer and content encodings are undone when asked for', async t => {
  const body = 'hello world '.repeat(20)
  const payload = multipart([
    part(Buffer.from(body).toString('base64'), { 'Content-Transfer-Encoding': 'BASE64' }),
    part('a=3D=C3=BC', { 'Content-Transfer-Encoding': 'quoted-printable' }),
    part(gzipSync(body), { 'Content-Encoding': 'gzip' }),
    part(deflateRawSync(body), { 'Content-Encoding': 'deflate' }),
    part(body, { 'Content-Encoding': 'identity' }),
    part(gzipSync(body).toString('base64'), { 'Content-Encoding': 'gzip', 'Content-Transfer-Encoding': 'base64' })
  ])

  t.same((await ask(t, payload, show)).json(), [body, 'a=ü', body, body, body, body])
  t.equal((await ask(t, payload, async reader => await (await reader.next() as BodyPartReader).read())).body,
    Buffer.from(body).toString('base64'))
})

t.test('a form has no content encodings', async t => {
  const app = await answering(t, async request => await (await request.post()).get('a'))
  const payload = multipart([field('a', 'as it is', { 'Content-Encoding': 'gzip', 'Content-Length': '3' })])

  t.equal((await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': type() } })).body, 'as it is')
})

t.test('malformed multiparts are 400', async t => {
  const cases: [why: string, payload: string | Buffer, contentType?: string][] = [
    ['no multipart', 'x', 'text/plain'],
    ['no boundary', 'x', 'multipart/mixed'],
    ['no first boundary', 'x'.repeat(100_000)],
    ['no last boundary', '--X\r\n\r\none'],
    ['nothing after a boundary', '--X\r\n\r\none\r\n--X'],
    ['a length that is wrong', multipart([part('one', { 'Content-Length': '4' })])],
    ['a coding nobody knows', multipart([part('one', { 'Content-Encoding': 'x-none' })])],
    ['corrupt gzip', multipart([part('one', { 'Content-Encoding': 'gzip' })])]
  ]

  for (const [why, payload, contentType] of cases) {
    const { statusCode, body } = await ask(t, payload, show, contentType)
    t.equal(statusCode, 400, `${why}: ${body}`)
  }
})

t.test('a part that is read at once is limited, decoded or not', async t => {
  const bomb = gzipSync('x'.repeat(1_000_000))

  t.equal((await ask(t, multipart([part('x'.repeat(5001))]), show)).statusCode, 413)
  t.equal((await ask(t, multipart([part(bomb, { 'Content-Encoding': 'gzip' })]), show)).statusCode, 413)
})

t.test('a part is iterated over without a limit', async t => {
  const payload = multipart([part('x'.repeat(100_000))])

  t.equal((await ask(t, payload, async reader => {
    let total = 0
    for await (const chunk of await reader.next() as BodyPartReader) total += chunk.length
    return `${total}`
  })).body, '100000')
})
