import t from 'tap'
import { createReadStream, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MultipartWriter, Response } from '../../../plugins/responses/index.ts'
import { build, shortFolder } from '../../helper.ts'

t.test('MultipartWriter writes its parts with their headers', async t => {
  const writer = new MultipartWriter('mixed', { boundary: 'b' })
  writer.append('one', { 'x-part': '1' })
  writer.appendJSON({ two: 2 })
  writer.appendForm({ a: 'x y', b: '&' })
  writer.appendForm([['a', '1'], ['a', '2']])
  t.equal(writer.length, 4)
  const app = build(t)
  app.get('/', async () => new Response({ body: writer }))
  const { body, headers } = await app.inject('/')
  t.equal(headers['content-type'], 'multipart/mixed; boundary=b')
  t.equal(headers['content-length'], String(Buffer.byteLength(body)))
  t.match(body, /^--b\r\nX-Part: 1\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\none\r\n--b\r\n/)
  t.match(body, /Content-Type: application\/json\r\nContent-Length: 9\r\n\r\n\{"two":2\}\r\n/)
  t.match(body, /\r\n\r\na=x\+y&b=%26\r\n--b\r\n[^]*\r\n\r\na=1&a=2\r\n--b--\r\n$/)
})

t.test('a multipart may hold another, and a boundary that needs it is quoted', async t => {
  const inner = new MultipartWriter('related', { boundary: 'in ner' })
  inner.append(Buffer.from('x'))
  const outer = new MultipartWriter()
  outer.append(inner)
  t.match(outer.toBuffer().toString(), /Content-Type: multipart\/related; boundary="in ner"\r\n/)
  t.match(inner.toBuffer().toString(), /Content-Type: application\/octet-stream\r\n/)
  t.match(outer.contentType, /^multipart\/mixed; boundary=[0-9a-f]{32}$/)
})

t.test('a wrong subtype, boundary or option is an error', async t => {
  t.throws(() => new MultipartWriter('a b'), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => new MultipartWriter('mixed', { boundary: 'a\r\n' }), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => new MultipartWriter('mixed', Object({ other: 1 })), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('a Blob and an open file bring type and length along', async t => {
  const folder = shortFolder(t)
  const app = build(t)
  app.get('/blob', async () => new Response({ body: new Blob(['{}'], { type: 'application/json' }) }))
  app.get('/file/:name', async request =>
    new Response({ body: createReadStream(path.join(folder, Object(request.params).name)) }))
  for (const name of ['a"b.txt', 'ü.txt']) writeFileSync(path.join(folder, name), 'hello')

  const blob = await app.inject('/blob')
  t.match(blob.headers, { 'content-type': 'application/json', 'content-length': '2' })
  const quoted = await app.inject('/file/a%22b.txt')
  t.equal(quoted.body, 'hello')
  t.match(quoted.headers, { 'content-type': 'text/plain', 'content-length': '5' })
  t.equal(quoted.headers['content-disposition'], 'attachment; filename="a\\"b.txt"')
  const umlaut = await app.inject('/file/%C3%BC.txt')
  t.equal(umlaut.headers['content-disposition'], "attachment; filename*=utf-8''%C3%BC.txt")
  t.equal((await app.inject('/file/missing')).statusCode, 500)
})
