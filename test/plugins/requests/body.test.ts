import t from 'tap'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import zlib from 'node:zlib'
import { Raw } from '../../raw.ts'
import { answering, listening } from './helper.ts'

t.test('read(), text() and json() give the same body again and again', async t => {
  const app = await answering(t, async request => {
    const text = await request.text()
    return { text, length: (await request.read()).length, json: await request.json(), left: request.canReadBody }
  })

  const { statusCode, body } = await app.inject({ method: 'POST', url: '/', payload: '{"x": 1}' })

  t.equal(statusCode, 200)
  t.same(JSON.parse(body), { text: '{"x": 1}', length: 8, json: { x: 1 }, left: false })
})

t.test('text() follows the charset', async t => {
  const app = await answering(t, async request => ({ text: await request.text() }))
  const ask = (charset: string, payload: Buffer) => app.inject({
    method: 'PUT', url: '/', payload, headers: { 'content-type': `text/plain; charset=${charset}` }
  })

  t.same((await ask('iso-8859-1', Buffer.from('grüße', 'latin1'))).json(), { text: 'grüße' })
  t.same((await ask('latin-1', Buffer.from('ß', 'latin1'))).json(), { text: 'ß' })
  t.same((await ask('"utf-16le"', Buffer.from('hé✓', 'utf16le'))).json(), { text: 'hé✓' })
  t.same((await ask('shift_jis', Buffer.from([0x83, 0x65]))).json(), { text: 'テ' })
  t.equal((await ask('klingon', Buffer.from('abc'))).statusCode, 400)
  t.equal((await ask('__proto__', Buffer.from('abc'))).statusCode, 400)
  t.equal((await ask('utf-8', Buffer.from([0x61, 0xff]))).statusCode, 400)
})

t.test('json() refuses what is no JSON, and poisoned prototypes', async t => {
  const app = await answering(t, async request => ({ json: await request.json() }))

  for (const payload of ['', '{', '{bad json', 'NaN', '{"__proto__": {"x": 1}}', '{"constructor": {"prototype": {}}}']) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/', payload })
    t.equal(statusCode, 400, payload)
  }
  t.equal(({} as { x?: number }).x, undefined)
})

t.test('bodies beyond the limit are 413, and the connection lives on', async t => {
  const { port } = await listening(t, async request => `${(await request.read()).length}`, { clientMaxSize: 4096 })
  const raw = await Raw.open(t, { port })
  const post = (length: number) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`

  raw.write(post(4096))
  await raw.until(/200 OK[^]*\r\n\r\n4096$/)
  raw.write(post(4097))
  await raw.until(/413 Request Entity Too Large[^]*Maximum request body size 4096 exceeded\.$/)
  raw.write(post(1_000_000))
  await raw.until(/(413[^]*){2}exceeded\.$/)
  raw.write(post(3))

  t.match(await raw.until(/\r\n\r\n3$/), /200 OK[^]*413[^]*413[^]*200 OK/)
})

t.test('a route has a limit of its own, and 0 is none', async t => {
  const app = await answering(t, async () => 'other', { clientMaxSize: 10 })
  const handler = async (request: { read: () => Promise<Buffer> }) => `${(await request.read()).length}`
  app.post('/more', { clientMaxSize: 20 }, handler)
  app.post('/config', { config: { clientMaxSize: 20 } }, handler)
  app.post('/none', { clientMaxSize: 0 }, handler)
  app.post('/plain', handler)
  const ask = (url: string, length: number) => app.inject({ method: 'POST', url, payload: 'x'.repeat(length) })

  for (const url of ['/more', '/config']) {
    t.equal((await ask(url, 20)).body, '20')
    t.equal((await ask(url, 21)).body, 'Maximum request body size 20 exceeded.')
  }
  t.equal((await ask('/none', 5_000_000)).body, '5000000')
  t.equal((await ask('/plain', 11)).statusCode, 413)
})

t.test('a limit that is none is refused', async t => {
  const app = await answering(t, async () => '')

  t.throws(() => app.post('/bad', { clientMaxSize: -1 }, async () => ''), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('without a limit of ours, that of Fastify holds', async t => {
  const app = await answering(t, async () => '')
  app.post('/small', { bodyLimit: 5 }, async request => `${request.clientMaxSize}`)
  app.post('/usual', async request => `${request.clientMaxSize}`)

  t.equal((await app.inject({ method: 'POST', url: '/small' })).body, '5')
  t.equal((await app.inject({ method: 'POST', url: '/usual' })).body, '1048576')
})

t.test('encoded bodies are decoded', async t => {
  const text = 'compressed request body '.repeat(500)
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (data: string) => Buffer }
  const app = await answering(t, async request => await request.text())
  const ask = (coding: string, payload: Buffer | string) => app.inject({
    method: 'POST', url: '/', payload, headers: { 'content-encoding': coding }
  })
  const cases: [coding: string, payload: Buffer][] = [
    ['gzip', gzipSync(text)], ['GZIP', gzipSync(text)], ['deflate', deflateSync(text)], ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)], ['gzip', Buffer.concat([gzipSync(text.slice(0, 10)), gzipSync(text.slice(10))])]
  ]
  if (zstdCompressSync !== undefined) cases.push(['zstd', zstdCompressSync(text)])

  for (const [coding, payload] of cases) t.equal((await ask(coding, payload)).body, text, coding)
  t.equal((await ask('x-none', 'as it is')).body, 'as it is')
  t.equal((await ask('gzip', '')).body, '')
  if (zstdCompressSync === undefined) t.equal((await ask('zstd', 'x')).statusCode, 400)
})

t.test('corrupt and incomplete encoded bodies are 400', async t => {
  const app = await answering(t, async request => await request.text())
  const good = gzipSync('x'.repeat(1000))
  const cases: [coding: string, payload: Buffer][] = [
    ['gzip', Buffer.from('this is not gzip')], ['gzip', good.subarray(0, -4)], ['gzip', good.subarray(0, 11)],
    ['deflate', Buffer.from('this is not deflate')], ['deflate', deflateSync('x'.repeat(1000)).subarray(0, -6)],
    ['br', Buffer.from('this is not brotli')], ['br', brotliCompressSync('x'.repeat(9999)).subarray(0, -2)]
  ]

  for (const [coding, payload] of cases) {
    const { statusCode, body } = await app.inject({
      method: 'POST', url: '/', payload, headers: { 'content-encoding': coding }
    })
    t.equal(statusCode, 400, coding)
    t.equal(body, `Can not decode content-encoding: ${coding}`)
  }
})

t.test('decompress: false leaves bodies as they are', async t => {
  const app = await answering(t, async request => await request.read(), { decompress: false })
  const payload = gzipSync('x')

  const { rawPayload } = await app.inject({ method: 'POST', url: '/', payload, headers: { 'content-encoding': 'gzip' } })

  t.ok(rawPayload.equals(payload))
})

t.test('content reads in the portions one likes', async t => {
  const app = await answering(t, async ({ content }) => {
    const seen: string[] = []
    seen.push(`${await content.readexactly(3)}`, `${await content.readline()}`, `${await content.readuntil('--')}`)
    seen.push(`${await content.read(2)}`)
    content.unreadData(Buffer.from('back'))
    seen.push(`${await content.readuntil('\n')}`, `${content.atEof()}`, `${await content.read()}`, `${content.atEof()}`)
    seen.push(`${await content.read(5)}`, `${await content.readany()}`, `${await content.readline()}`)
    await t.rejects(content.readexactly(1), { code: 'AIO_ERR_INCOMPLETE_READ', statusCode: 400 })
    await t.rejects(content.read(1.5), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await t.rejects(content.readuntil(''), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    return { seen, total: content.totalBytes }
  })

  const { body } = await app.inject({ method: 'POST', url: '/', payload: 'abcline\nx--yz!\nrest' })

  t.same(JSON.parse(body), {
    seen: ['abc', 'line\n', 'x--', 'yz', 'back!\n', 'false', 'rest', 'true', '', '', ''], total: 19
  })
})

t.test('content is not limited, and iterates over lines and chunks', async t => {
  const app = await answering(t, async request => {
    if (request.method === 'PUT') {
      const lines = []
      for await (const line of request.content) lines.push(line.toString())
      return lines
    }
    let total = 0
    for await (const chunk of request.content.iterChunked(1000)) {
      if (chunk.length > 1000) throw new Error('too much')
      total += chunk.length
    }
    return `${total}`
  }, { clientMaxSize: 10 })

  t.same((await app.inject({ method: 'PUT', url: '/', payload: 'one\ntwo\r\n\r\n\nfour' })).json(),
    ['one\n', 'two\r\n', '\r\n', '\n', 'four'])
  t.equal((await app.inject({ method: 'POST', url: '/', payload: 'x'.repeat(123_456) })).body, '123456')
})

t.test('a line may be only so long', async t => {
  const app = await answering(t, async request => await request.content.readline(
    request.method === 'PUT' ? { maxSize: 10 } : undefined))

  t.equal((await app.inject({ method: 'PUT', url: '/', payload: '123456789\n' })).statusCode, 200)
  t.equal((await app.inject({ method: 'PUT', url: '/', payload: '1234567890\n' })).statusCode, 400)
  t.equal((await app.inject({ method: 'POST', url: '/', payload: 'x'.repeat(600_000) })).statusCode, 400)
})

t.test('two readers at the same time are told so', async t => {
  const { port } = await listening(t, async request => {
    const first = request.content.readany()
    await t.rejects(request.content.readany(), { code: 'AIO_ERR_BODY_READING' })
    return await first
  })
  const raw = await Raw.open(t, { port })

  raw.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n')
  raw.write('ok')

  await raw.until(/\r\n\r\nok$/)
})

t.test('a handler that reads half of a body does not block the connection', async t => {
  const { port } = await listening(t, async request => {
    const { length } = await request.content.readexactly(Number(request.headers['x-want']))
    return `${length}`
  })
  const raw = await Raw.open(t, { port })
  const post = (want: number, headers = '', body: string | Buffer = 'x'.repeat(300_000)) => {
    raw.write(`POST / HTTP/1.1\r\nHost: x\r\nX-Want: ${want}\r\n${headers}Content-Length: ${body.length}\r\n\r\n`)
    raw.socket.write(body)
  }

  post(5)
  await raw.until(/\r\n\r\n5$/)
  post(6, 'Content-Encoding: gzip\r\n', gzipSync(Buffer.from(Array.from({ length: 300_000 }, () => Math.random() * 256))))
  await raw.until(/\r\n\r\n6$/)
  post(7)
  await raw.until(/\r\n\r\n7$/)
})

t.test('who sends the rest of an unwanted body too slowly is cut off', async t => {
  const { port } = await listening(t, async request => await request.content.readexactly(1), { lingeringTime: 50 })
  const raw = await Raw.open(t, { port })

  raw.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc')
  await raw.until(/200 OK/)

  const { text } = await raw.ended
  t.match(text, /\r\n\r\na$/)
})

t.test('a client that goes away fails the read', async t => {
  let failed: (error: unknown) => void
  const failure = new Promise<unknown>(resolve => { failed = resolve })
  const { port } = await listening(t, async request => await request.read().catch(error => {
    failed(error)
    throw error
  }))
  const raw = await Raw.open(t, { port })

  for (const headers of ['', 'Content-Encoding: gzip\r\n']) {
    raw.write(`POST / HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: 100\r\n\r\nabc`)
    raw.socket.end()
    t.match(await failure, { statusCode: 400 })
  }
})

t.test('release() takes the rest', async t => {
  const app = await answering(t, async request => {
    const before = request.canReadBody
    await request.release()
    return [before, request.canReadBody]
  })

  t.same((await app.inject({ method: 'POST', url: '/', payload: 'x'.repeat(100_000) })).json(), [true, false])
  t.same((await app.inject({ method: 'POST', url: '/' })).json(), [false, false])
})

t.test('where Fastify has parsed the body, its result is used', async t => {
  const app = await answering(t, async () => '')
  await app.register(async child => {
    child.addContentTypeParser('application/json', { parseAs: 'string' }, child.getDefaultJsonParser('error', 'error'))
    child.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    child.post('/json', async request => ({ json: await request.json() }))
    child.post('/text', async request => `${await request.text()}${(await request.read()).length}`)
    child.post('/stream', async request => await request.content.read())
    child.post('/read', async request => await request.read())
  })
  const ask = (url: string, payload: object | string) => app.inject({
    method: 'POST', url, payload, headers: typeof payload === 'string' ? { 'content-type': 'text/plain' } : {}
  })

  t.same((await ask('/json', { a: 1 })).json(), { json: { a: 1 } })
  t.equal((await ask('/text', 'ü')).body, 'ü2')
  t.equal((await ask('/stream', { a: 1 })).statusCode, 500)
  t.equal((await ask('/read', { a: 1 })).statusCode, 500)
})
