/** StreamResponse: head, pieces and end. */

import t from 'tap'
import responses, { StreamResponse } from '../../../plugins/responses/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { build } from '../../helper.ts'
import { Raw, get } from '../../raw.ts'
import { begin, listen, streaming } from './stream-helper.ts'

t.test('StreamResponse sends its head with prepare() and its body in chunks', async t => {
  const app = await streaming(t, async (response, request, reply) => {
    t.equal(response.prepared, false)
    await begin(response, request, reply)
    t.equal(response.prepared, true)
    // too late
    response.headers.set('x-late', '1')
    await response.write('one ')
    await response.write(new Uint8Array([50, 32]))
    await response.writeEof('three')
  }, { status: 201, reason: 'Here It Is', headers: { 'x-early': '1' } })
  const raw = await Raw.open(t, { port: await listen(app) })
  raw.write(get('/'))
  const text = await raw.until(/\r\n0\r\n\r\n$/)
  t.match(text, /^HTTP\/1\.1 201 Here It Is\r\n/)
  t.match(text, /x-early: 1\r\n/)
  t.notMatch(text, /x-late/)
  t.match(text, /transfer-encoding: chunked/i)
  t.match(text, /content-type: application\/octet-stream/)
  t.equal((await app.inject('/')).body, 'one 2 three')
})

t.test('the head and each piece are out before the next is written', async t => {
  let next = () => {}
  const app = await streaming(t, async (response, request, reply) => {
    await begin(response, request, reply)
    await new Promise<void>(resolve => { next = resolve })
    await response.write('first')
    await new Promise<void>(resolve => { next = resolve })
    await response.writeEof('second')
  })
  const raw = await Raw.open(t, { port: await listen(app) })
  raw.write(get('/'))
  await raw.until(/\r\n\r\n$/)
  next()
  await raw.until(/first\r\n$/)
  next()
  await raw.until(/second\r\n0\r\n\r\n$/)
})

t.test('prepare() twice is once, writeEof() twice as well', async t => {
  const app = await streaming(t, async (response, request, reply) => {
    await begin(response, request, reply)
    await begin(response, request, reply)
    await response.writeEof('x')
    await response.writeEof('y')
  })
  t.equal((await app.inject('/')).body, 'x')
})

t.test('misuse has codes', async t => {
  const app = await streaming(t, async (response, request, reply) => {
    await t.rejects(response.write('x'), { code: 'AIO_ERR_RESPONSE_STATE' })
    await t.rejects(new StreamResponse().writeEof(), { code: 'AIO_ERR_RESPONSE_STATE' })
    await t.rejects(new StreamResponse().prepare(request), { code: 'AIO_ERR_RESPONSE_REPLY' })
    await begin(response, request, reply)
    await t.rejects(response.write(Object(1)), { code: 'AIO_ERR_ARGUMENT_INVALID' })
    await response.writeEof()
    await t.rejects(response.write('x'), { code: 'AIO_ERR_RESPONSE_STATE' })
  })
  t.equal((await app.inject('/')).statusCode, 200)

  const response = new StreamResponse()
  t.throws(() => { response.contentLength = -1 }, { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => { response.etag = 'a"b' }, { code: 'AIO_ERR_ETAG' })
  t.throws(() => { response.lastModified = new Date(Number.NaN) }, { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => response.enableCompression(Object('br2')), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => response.setStatus(700), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => response.setStatus(200, 'a\r\nb'), { code: 'AIO_ERR_REASON' })
  response.contentLength = 5
  t.throws(() => response.enableChunkedEncoding(), { code: 'AIO_ERR_RESPONSE_STATE' })
  response.contentLength = null
  response.enableChunkedEncoding()
  t.throws(() => { response.contentLength = 5 }, { code: 'AIO_ERR_RESPONSE_STATE' })
})

t.test('validators, status and connection can be set', async t => {
  const response = new StreamResponse()
  t.equal(response.lastModified, null)
  response.lastModified = 1_700_000_000_100
  t.equal(response.headers.get('last-modified'), 'Tue, 14 Nov 2023 22:13:21 GMT')
  t.equal(response.lastModified?.getTime(), 1_700_000_001_000)
  response.lastModified = 'whenever'
  t.equal(response.lastModified, null)
  t.equal(response.headers.get('last-modified'), 'whenever')
  response.lastModified = null
  t.equal(response.headers.has('last-modified'), false)

  response.etag = 'abc'
  t.equal(response.etag, '"abc"')
  response.etag = { value: 'abc', isWeak: true }
  t.equal(response.etag, 'W/"abc"')
  response.etag = null
  t.equal(response.etag, null)

  response.setStatus(404)
  t.equal(response.reason, 'Not Found')
  response.setStatus(200, 'Fine')
  t.equal(response.reason, 'Fine')
  response.setStatus(200)
  t.equal(response.reason, 'OK')

  t.equal(response.keepAlive, true)
  response.forceClose()
  t.equal(response.keepAlive, false)
})

t.test('a fixed length is kept: what is too much is dropped, what is missing cuts the connection', async t => {
  const app = await streaming(t, async (response, request, reply) => {
    response.contentLength = 7
    await begin(response, request, reply)
    await response.write('12345')
    if (request.query && Object(request.query).short) {
      await t.rejects(response.writeEof(), { code: 'AIO_ERR_RESPONSE_LENGTH' })
    } else await response.writeEof('67890')
  })
  const whole = await app.inject('/')
  t.equal(whole.body, '1234567')
  t.equal(whole.headers['content-length'], '7')
  t.equal(whole.headers['transfer-encoding'], undefined)

  const raw = await Raw.open(t, { port: await listen(app) })
  raw.write(get('/?short=1'))
  const { text } = await raw.ended
  t.match(text, /content-length: 7\r\n/)
})

t.test('HTTP/1.0 gets no chunks and a closed connection, and asking for chunks is an error', async t => {
  const app = await streaming(t, async (response, request, reply) => {
    if (Object(request.query).chunked) response.enableChunkedEncoding()
    await begin(response, request, reply)
    await response.writeEof('ab')
  })
  const port = await listen(app)
  for (const [path, pattern] of [['/', /\r\n\r\nab$/], ['/?chunked=1', /^HTTP\/1\.1 500 /]] as const) {
    const raw = await Raw.open(t, { port })
    raw.write(`GET ${path} HTTP/1.0\r\n\r\n`)
    const { text } = await raw.ended
    t.match(text, pattern)
    t.notMatch(text, /transfer-encoding/i)
  }
})

t.test('HEAD, 204 and 304 have no body, whatever is written', async t => {
  for (const [method, status] of [['HEAD', 200], ['GET', 204], ['GET', 304]] as const) {
    const app = await streaming(t, async (response, request, reply) => {
      response.headers.set('x-head', '1')
      await begin(response, request, reply)
      // more than any buffer holds
      for (let n = 0; n < 40; n++) await response.write(Buffer.alloc(65_536))
      await response.writeEof('end')
    }, { status })
    const raw = await Raw.open(t, { port: await listen(app) })
    raw.write(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const { text } = await raw.ended
    t.match(text, new RegExp(`^HTTP/1\\.1 ${status} [^]*x-head: 1\r\n[^]*\r\n\r\n$`), `${method} ${status}`)
  }
})

t.test('receivers of onResponsePrepare see the response once, and what they set is sent', async t => {
  const app = build(t)
  await app.register(signals)
  await app.register(responses)
  const seen: unknown[] = []
  app.onResponsePrepare((_request, response) => {
    seen.push(response)
    response.headers.set('x-signal', 'yes')
    if (response instanceof StreamResponse) response.setCookie('late', '1')
  })
  app.get('/', async (request, reply) => {
    const response = new StreamResponse()
    response.setCookie('early', '1')
    await response.prepare(request, reply)
    t.same(seen, [response])
    await response.writeEof('x')
    return reply
  })
  const { headers } = await app.inject('/')
  t.equal(headers['x-signal'], 'yes')
  t.same(headers['set-cookie'], ['early=1; Path=/', 'late=1; Path=/'])
  t.equal(seen.length, 1)
})
