import t from 'tap'
import { HeadParser, type ResponseHead } from '../../../../plugins/client-session/http1/head.ts'

const limits = { maxLineSize: 100, maxFieldSize: 20, maxHeaders: 3 }

function parse (text: string, pieces = 1): { head: ResponseHead, rest: string } | undefined {
  const parser = new HeadParser(limits)
  const bytes = Buffer.from(text, 'latin1')
  const size = Math.ceil(bytes.length / pieces)
  for (let offset = 0; offset < bytes.length; offset += size) {
    const found = parser.feed(bytes.subarray(offset, offset + size))
    if (found === undefined) continue
    return { head: found.head, rest: found.rest.toString() + bytes.subarray(offset + size).toString() }
  }
  return undefined
}

t.test('a head means the same in whatever pieces it comes', async t => {
  const text = 'HTTP/1.1 404 Not Found\r\nA: 1\r\nB:  two \r\n\r\nbody'
  for (const pieces of [1, 2, 7, text.length]) {
    t.same(parse(text, pieces), {
      head: { version: '1.1', status: 404, reason: 'Not Found', headers: ['A', '1', 'B', 'two'], dubious: false }, rest: 'body'
    }, `${pieces} pieces`)
  }
})

t.test('bare line feeds, folded lines, no reason and HTTP/1.0 are taken', async t => {
  t.same(parse('HTTP/1.0 200\nA: 1\n\nx\r\n\r\n')?.rest, 'x\r\n\r\n')
  t.same(parse('HTTP/1.0 200\nA: 1\n\n')?.head, {
    version: '1.0', status: 200, reason: '', headers: ['A', '1'], dubious: true
  })
  t.same(parse('HTTP/1.1 200 OK\r\nA: 1\r\n\t2\r\n\r\n')?.head.headers, ['A', '1 2'])
})

t.test('bytes beyond ASCII are UTF-8, else latin1', async t => {
  t.same(parse('HTTP/1.1 200 OK\r\nA: \xc3\xa9\r\nB: \xe9\r\n\r\n')?.head.headers, ['A', 'é', 'B', 'é'])
})

t.test('what is no head is refused, as soon as that is known', async t => {
  for (const text of [
    'HTTP/2 200\r\n\r\n', 'HTTP/1.1 20\r\n\r\n', 'HTTP/1.1 2000 OK\r\n\r\n', 'garbage', 'HTTP/1.1 200 OK\rA: 1',
    'HTTP/1.1 200 OK\r\n: 1\r\n\r\n', 'HTTP/1.1 200 OK\r\nA b: 1\r\n\r\n', 'HTTP/1.1 200 OK\r\nA : 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nA\r\n\r\n', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n', 'HTTP/1.1 200 OK\r\n a: 1\r\n\r\n'
  ]) t.throws(() => parse(text), { name: /^(BadStatusLine|InvalidHeader)$/ }, JSON.stringify(text))
})

t.test('the limits hold, also while a head is still coming', async t => {
  const long = 'x'.repeat(200)
  for (const text of [
    `HTTP/1.1 200 ${long}`, `HTTP/1.1 200 ${long}\r\n\r\n`, `HTTP/1.1 200 OK\r\nA: ${long}`,
    `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(21)}\r\n\r\n`, `HTTP/1.1 200 OK\r\n${'x'.repeat(21)}: 1\r\n\r\n`,
    'HTTP/1.1 200 OK\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\n\r\n', `HTTP/1.1 200 OK\r\n${'A: 1\r\n'.repeat(50)}`
  ]) t.throws(() => parse(text), { name: /^(LineTooLong|BadHttpMessage)$/ }, text.slice(0, 40))
})
