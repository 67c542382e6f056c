import { createReadStream, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import t from 'tap'
import { bytesOf } from '../../../../plugins/client-session/body/body-payload.ts'
import { FormData } from '../../../../plugins/client-session/body/form-data.ts'
import { payloadOf, type PayloadOptions, type RequestData } from '../../../../plugins/client-session/body/payload.ts'
import { MultipartWriter } from '../../../../plugins/responses/index.ts'

t.test('text, bytes and JSON are sent as a whole', async t => {
  for (const [options, type, text] of [
    [{ data: 'héllo' }, 'text/plain; charset=utf-8', 'héllo'],
    [{ data: '' }, 'text/plain; charset=utf-8', ''],
    [{ data: Buffer.from('abc') }, 'application/octet-stream', 'abc'],
    [{ data: new Uint8Array([97, 98]).subarray(1) }, 'application/octet-stream', 'b'],
    [{ data: new DataView(new Uint8Array([97, 98]).buffer, 1) }, 'application/octet-stream', 'b'],
    [{ data: new Uint8Array([97]).buffer }, 'application/octet-stream', 'a'],
    [{ json: { b: 1, a: [true, null, 'é'] } }, 'application/json', '{"b":1,"a":[true,null,"é"]}'],
    [{ json: 0 }, 'application/json', '0'],
    [{ json: '' }, 'application/json', '""'],
    [{ json: 1, jsonSerialize: (value: unknown) => Buffer.from(`<${value}>`) }, 'application/json', '<1>']
  ] as const) {
    const payload = await payloadOf(options as PayloadOptions)
    t.same(payload?.headers, [['Content-Type', type]])
    t.equal(payload?.length, Buffer.byteLength(text))
    t.ok(payload?.replayable && Buffer.isBuffer(payload.body))
    t.equal(await read(options as PayloadOptions), text)
  }
  for (const options of [{}, { data: null }, { json: null }, { data: undefined, json: undefined, compress: true }]) {
    t.equal(payloadOf(options), null)
  }
  t.throws(() => payloadOf({ json: 1, data: 'x' }), { code: 'AIO_ERR_OPTION_CONFLICT' })
  t.throws(() => payloadOf({ json: () => {} }), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  for (const data of [5, true, new Date(), Symbol('x'), () => {}]) {
    t.throws(() => payloadOf({ data: data as unknown as RequestData }), { code: 'AIO_ERR_ARGUMENT_INVALID' }, TypeError)
  }
})

t.test('objects, pairs and URLSearchParams are forms', async t => {
  for (const [data, text] of [
    [{ a: '1', 'b c': 'd&e=f', u: 'é+' }, 'a=1&b+c=d%26e%3Df&u=%C3%A9%2B'],
    [[['k', '1'], ['k', '2'], ['n', 'x y']], 'k=1&k=2&n=x+y'],
    [{ i: 1, f: 1.5, t: true, n: null, l: ['a', 'b'], left: undefined }, 'i=1&f=1.5&t=true&n=null&l=a&l=b'],
    [new URLSearchParams({ a: '~*!' }), 'a=~%2A%21'],
    [new Map([['m', '1']]), 'm=1'],
    [{}, ''], [[], '']
  ] as [RequestData, string][]) {
    const payload = await payloadOf({ data })
    t.same(payload?.headers, [['Content-Type', 'application/x-www-form-urlencoded']])
    t.equal(await read({ data }), text)
  }
})

t.test('streams are sent as they come, once', async t => {
  async function * generate () { yield * ['one', Buffer.from('two'), '', 'é'] }
  for (const data of [generate(), Readable.from(generate()), ReadableStream.from(generate())] as RequestData[]) {
    const payload = await payloadOf({ data })
    t.match(payload, { length: null, replayable: false, headers: [['Content-Type', 'application/octet-stream']] })
    const chunks = []
    for await (const chunk of bytesOf(payload?.body ?? null)) chunks.push(String(chunk))
    t.same(chunks, ['one', 'two', 'é'], 'in the same pieces, without the empty one')
    await payload?.close()
  }
  async function * wrong () { yield 5 }
  // @ts-expect-error a chunk that is neither text nor bytes
  await t.rejects(read({ data: wrong() }), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  async function * failing () { yield 'a'; throw new Error('boom') }
  await t.rejects(read({ data: failing() }), { message: 'boom' })
  await t.rejects(read({ data: failing(), compress: 'gzip' }), { message: 'boom' })
})

t.test('files have a length, the type of their name, and can be sent again', async t => {
  const folder = t.testdir({ 'note.txt': 'file text', 'empty.png': '' })
  const file = path.join(folder, 'note.txt')

  const payload = await payloadOf({ data: createReadStream(file) })
  t.match(payload, { length: 9, replayable: true, headers: [['Content-Type', 'text/plain']] })
  t.equal(await textOf(payload?.body), 'file text')
  t.equal(await textOf(payload?.body), 'file text', 'again')

  t.equal(await read({ data: createReadStream(file, { start: 5, end: 7 }) }, 3), 'tex')
  t.equal(await read({ data: createReadStream(file, { start: 5 }) }, 4), 'text')
  t.equal(await read({ data: createReadStream(path.join(folder, 'empty.png')) }, 0), '')

  const begun = createReadStream(file, { highWaterMark: 4 })
  await begun[Symbol.asyncIterator]().next()
  t.match(await payloadOf({ data: begun }), { length: null, replayable: false })

  const missing = createReadStream(path.join(folder, 'none'))
  await t.rejects(async () => await payloadOf({ data: missing }), { code: 'ENOENT' })

  const handle = await open(file)
  t.teardown(() => handle.close())
  t.equal(await read({ data: handle }, 9), 'file text')
  t.equal(await read({ data: handle }, 9), 'file text', 'the handle stays open')
})

t.test('blobs have their type, or that of their name', async t => {
  for (const [data, type] of [
    [new Blob(['x']), 'application/octet-stream'], [new Blob(['x'], { type: 'text/x' }), 'text/x'],
    [new File(['x'], 'a.pdf'), 'application/pdf']
  ] as const) {
    t.match(await payloadOf({ data }), { length: 1, replayable: true, headers: [['Content-Type', type]] })
    t.equal(await read({ data }, 1), 'x')
  }
})

t.test('a form with a file is multipart, its length known, and read while it is sent', async t => {
  const file = path.join(t.testdir(), 'doc.pdf')
  writeFileSync(file, '%PDF')
  const data = { doc: createReadStream(file), note: 'n', raw: Buffer.from('b'), blob: new File(['x'], 'é .txt') }
  const payload = await payloadOf({ data })
  t.match(payload, { replayable: true, headers: [['Content-Type', /^multipart\/form-data; boundary=\w+$/]] })

  const text = await textOf(payload?.body)
  t.equal(payload?.length, Buffer.byteLength(text))
  t.same(text.split(/--\w+(?:--)?\r\n/).slice(1, -1), [
    'Content-Type: application/pdf\r\nContent-Disposition: form-data; name="doc"; filename="doc.pdf"\r\n\r\n%PDF\r\n',
    'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="note"\r\n\r\nn\r\n',
    'Content-Type: application/octet-stream\r\nContent-Disposition: form-data; name="raw"; filename="raw"\r\n\r\nb\r\n',
    'Content-Type: text/plain\r\nContent-Disposition: form-data; name="blob"; filename="%C3%A9%20.txt"\r\n\r\nx\r\n'
  ])
  t.equal(await textOf(payload?.body), text, 'again')
  await payload?.close()
})

t.test('FormData takes fields one by one', async t => {
  const form = new FormData()
  form.addField('na"me', '1', { filename: 'fi le.txt' })
  form.addField('b\\s', '3', { contentType: 'text/plain' })
  form.addField('ключ', 2)
  t.match(await textOf((await form.toPayload()).body), new RegExp([
    'name="na\\\\"me"; filename="fi%20le.txt"\r\n\r\n1', 'Content-Type: text/plain\r\n.*name="b\\\\\\\\s"\r\n\r\n3', 'name="ключ"\r\n\r\n2'
  ].join('[^]*')))

  const plain = new FormData({ ключ: '2' }, { quoteFields: false, charset: 'utf-8' })
  plain.addField('f', '1', { filename: 'файл "x".txt' })
  t.match(await textOf((await plain.toPayload()).body), 'filename="файл \\"x\\".txt"')

  const latin = new FormData({ k: 'é' }, { charset: 'latin-1' })
  t.same((await latin.toPayload()).headers, [['Content-Type', 'application/x-www-form-urlencoded; charset=latin-1']])
  t.equal(await textOf((await latin.toPayload()).body), 'k=%E9')
  const latinParts = new FormData({ k: 'é' }, { charset: 'latin-1', defaultToMultipart: true })
  t.match(await textOf((await latinParts.toPayload()).body), 'Content-Type: text/plain; charset=latin-1')
  t.throws(() => new FormData({ k: '日' }, { charset: 'ascii' }).toPayload(), { code: 'AIO_ERR_CHARSET' })
  t.throws(() => new FormData([], { charset: 'nonsense' }), { code: 'AIO_ERR_CHARSET' })

  const platform = new globalThis.FormData()
  platform.append('a', '1')
  platform.append('f', new File(['x'], 'f.txt'))
  t.match(await read({ data: platform }), /name="a"\r\n\r\n1\r\n[^]*filename="f.txt"\r\n\r\nx\r\n/)
})

t.test('FormData refuses what could break out of a header, and what is no field', async t => {
  const form = new FormData()
  const code = 'AIO_ERR_ARGUMENT_INVALID'
  t.throws(() => form.addField('a\r\nb', '1'), { code })
  t.throws(() => form.addField('a', '1', { filename: 'x\ny' }), { code })
  t.throws(() => form.addField('a', '1', { contentType: 'text/plain\r\nX: 1' }), { code })
  // @ts-expect-error an object is no value
  t.throws(() => form.addField('a', {}), { code })
  // @ts-expect-error neither is a number a name
  t.throws(() => form.addField(1, 'x'), { code })
  // @ts-expect-error no pairs
  t.throws(() => new FormData(['ab', 1]), { code })
  // @ts-expect-error no fields
  t.throws(() => new FormData(5), { code })
  // @ts-expect-error a misspelt option
  t.throws(() => form.addField('a', '1', { fileName: 'x' }), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('a MultipartWriter is sent as it is', async t => {
  const data = new MultipartWriter('mixed', { boundary: 'b' })
  data.append('hello')
  data.appendJSON({ a: 1 })
  t.same((await payloadOf({ data }))?.headers, [['Content-Type', 'multipart/mixed; boundary=b']])
  t.match(await read({ data }), /^--b\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello\r\n--b\r\n/)
})

t.test('compress encodes a body that is not empty', async t => {
  const data = 'hello hello hello'
  for (const [compress, coding, decode] of [
    [true, 'deflate', inflateSync], ['deflate', 'deflate', inflateSync], ['gzip', 'gzip', gunzipSync], ['br', 'br', brotliDecompressSync]
  ] as const) {
    const payload = await payloadOf({ data, compress })
    t.match(payload, { length: null, replayable: true })
    t.same(payload?.headers[1], ['Content-Encoding', coding])
    t.equal(String(decode(await bytes(payload?.body))), data)
    t.equal(String(decode(await bytes(payload?.body))), data, 'again')
  }
  t.match(await payloadOf({ data: '', compress: true }), { length: 0, headers: [['Content-Type', 'text/plain; charset=utf-8']] })
  t.equal(String(gunzipSync(await bytes((await payloadOf({ data: new File(['x'], 'f'), compress: 'gzip' }))?.body))), 'x')
  // @ts-expect-error nobody knows it
  t.throws(() => payloadOf({ data, compress: 'snappy' }), { code: 'AIO_ERR_OPTION_INVALID' })
})

async function bytes (body: Parameters<typeof bytesOf>[0] | undefined): Promise<Buffer> {
  const chunks = []
  for await (const chunk of bytesOf(body ?? null)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function textOf (body: Parameters<typeof bytesOf>[0] | undefined): Promise<string> {
  return String(await bytes(body))
}

async function read (options: PayloadOptions, length?: number): Promise<string> {
  const payload = await payloadOf(options)
  if (length !== undefined && payload?.length !== length) throw new Error(`length is ${payload?.length}`)
  const text = await textOf(payload?.body)
  await payload?.close()
  return text
}
