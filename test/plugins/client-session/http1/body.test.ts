import t from 'tap'
import { framingOf } from '../../../../plugins/client-session/http1/body.ts'

function read (headers: string[], body: string, { pieces = 1, status = 200, method = 'GET', version = '1.1' } = {}) {
  const head = { version: version as '1.1', status, reason: '', headers, dubious: false }
  const { decoder, keepAlive } = framingOf(head, method, true)
  const got: [string, boolean][] = []
  const bytes = Buffer.from(body)
  const size = Math.ceil(bytes.length / pieces)
  let rest: string | undefined
  const sink = { push (data: Buffer, ended: boolean) { got.push([data.toString(), ended]) } }
  for (let offset = 0; offset < bytes.length; offset += size) {
    rest ??= decoder?.feed(bytes.subarray(offset, offset + size), sink)?.toString()
  }
  return { text: got.map(([text]) => text).join(''), got, rest, keepAlive, decoder }
}

const chunked = ['Transfer-Encoding', 'chunked']

t.test('chunks mean the same in whatever pieces they come', async t => {
  const body = '3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\nnext'
  for (const pieces of [1, 2, 5, body.length]) {
    const { text, got } = read(chunked, body, { pieces })
    t.equal(text, 'abc0123456789')
    t.equal(got.filter(([, ended]) => ended).length, 2)
  }
  t.equal(read(chunked, body).rest, 'next')
})

t.test('broken chunks are noticed at once', async t => {
  for (const body of ['x\r\n', '-1\r\n', '\r\n', '1g\r\n', '1\r\nabc', '1\rx\n', `${'0'.repeat(20)}1\r\n`, '3', '3\r\nab']) {
    const state = () => { read(chunked, body).decoder?.end() }
    t.throws(state, { name: 'TransferEncodingError' }, JSON.stringify(body))
  }
})

t.test('a length is kept to', async t => {
  t.match(read(['Content-Length', '3'], 'abcdef'), { text: 'abc', rest: 'def', keepAlive: true })
  t.throws(() => read(['Content-Length', '3'], 'ab').decoder?.end(), { name: 'ContentLengthError' })
})

t.test('heads that leave the length open are refused', async t => {
  for (const headers of [
    ['Content-Length', '-1'], ['Content-Length', '1', 'Content-Length', '1'], ['Content-Length', '1, 1'],
    ['Content-Length', '0x1'], ['Content-Length', '9'.repeat(30)], [...chunked, 'Content-Length', '1']
  ]) t.throws(() => read(headers, ''), { name: 'InvalidHeader' }, headers.join(' '))
})

t.test('some responses have no body, whatever they say', async t => {
  for (const options of [{ method: 'HEAD' }, { status: 304 }]) {
    t.match(read(['Content-Length', '5'], '', options), { decoder: undefined, keepAlive: true })
    t.match(read([...chunked, 'Content-Length', '5'], '', options), { decoder: undefined, keepAlive: false })
    t.match(read(['Transfer-Encoding', 'gzip'], '', options), { decoder: undefined, keepAlive: false })
  }
  t.match(read([], '', { status: 204 }), { decoder: undefined, keepAlive: true })
  t.match(read(['Content-Length', '5'], '', { status: 204 }), { decoder: undefined, keepAlive: false })
  t.match(read(chunked, '', { status: 204 }), { decoder: undefined, keepAlive: false })
})

t.test('what only some programs take for chunked is not taken for it', async t => {
  for (const coding of ['xchunked', '\x0bchunked', '\xa0chunked', 'chun\u212aed', 'chunked;q=1', '"chunked"', 'chunked, gzip']) {
    t.match(read(['Transfer-Encoding', coding], 'all'), { text: 'all', keepAlive: false }, JSON.stringify(coding))
  }
  t.throws(() => read(['Transfer-Encoding', 'chunked, chunked'], ''), { name: 'InvalidHeader' })
  t.throws(() => read([...chunked, ...chunked], ''), { name: 'InvalidHeader' })
  t.equal(read(chunked, '0\r\n\r\n', { version: '1.0' }).keepAlive, false)
})

t.test('extensions and trailers are thrown away, but not without end', async t => {
  const extension = `1;${'x'.repeat(4000)}\r\na\r\n`
  t.equal(read(chunked, extension.repeat(16)).text, 'a'.repeat(16))
  t.throws(() => read(chunked, extension.repeat(17)), { name: 'TransferEncodingError' })
  t.throws(() => read(chunked, `1;${'x'.repeat(5000)}`), { name: 'TransferEncodingError' })
  t.throws(() => read(chunked, `0\r\n${`a: ${'x'.repeat(4000)}\r\n`.repeat(17)}`), { name: 'TransferEncodingError' })
  for (const body of ['1;\na\r\n0\r\n\r\n', '1;\0\r\na\r\n', '0\r\nno trailer\r\n\r\n', '1\na\r\n', '1\r\na\n0\r\n\r\n']) {
    t.throws(() => read(chunked, body), { name: 'TransferEncodingError' }, JSON.stringify(body))
  }
  for (const [body, dubious] of [['1 \r\na', true], ['1;a=b\r\na', false], ['1;a="b;c"\r\na', false], ['1;"\r\na', true]] as const) {
    t.equal(read(chunked, body).decoder?.dubious, dubious, JSON.stringify(body))
  }
})

t.test('a connection is kept when both sides say so', async t => {
  const kept = (headers: string[], version: string) => read(['Content-Length', '0', ...headers], '', { version }).keepAlive
  t.equal(kept([], '1.1'), true)
  t.equal(kept(['Connection', 'Close'], '1.1'), false)
  t.equal(kept(['Connection', 'x, close'], '1.1'), false)
  t.equal(kept([], '1.0'), false)
  t.equal(kept(['Connection', 'keep-alive'], '1.0'), true)
  t.equal(read([], 'abc').keepAlive, false)
  t.equal(read(['Transfer-Encoding', 'gzip'], 'abc').keepAlive, false)
})
