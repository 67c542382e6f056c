/** Streams that break, wait for a slow reader, are compressed or never begin. */

import t from 'tap'
import { gunzipSync } from 'node:zlib'
import { Response, StreamResponse } from '../../../plugins/responses/index.ts'
import { build } from '../../helper.ts'
import { Raw, get } from '../../raw.ts'
import { begin, listen, streaming } from './stream-helper.ts'

t.test('an error after the head cuts the connection', async t => {
  const app = await streaming(t, async (response, request, reply) => {
    await begin(response, request, reply)
    await response.write('begun')
    throw new Error('too late')
  })
  const raw = await Raw.open(t, { port: await listen(app) })
  raw.write(get('/'))
  const { text } = await raw.ended
  t.match(text, /^HTTP\/1\.1 200 /)
  t.notMatch(text, /0\r\n\r\n$/)
})

t.test('a plain handler that returns what it has written to has ended it', async t => {
  const app = build(t)
  app.get('/', async (request, reply) => {
    const response = new StreamResponse()
    await response.prepare(request, reply)
    await response.write('written')
    return response
  })
  t.equal((await app.inject('/')).body, 'written')
})

t.test('a response that was never prepared is sent empty', async t => {
  const app = build(t)
  app.get('/', async () => new StreamResponse({ status: 202 }))
  const { body, statusCode } = await app.inject('/')
  t.same([body, statusCode], ['', 202])
})

t.test('a slow reader slows the writer, one that leaves ends it', async t => {
  let written = 0
  const warnings: unknown[] = []
  const warn = (warning: Error) => warnings.push(warning)
  process.on('warning', warn)
  t.teardown(() => process.off('warning', warn))
  let failed: (error: unknown) => void = () => {}
  const failure = new Promise<unknown>(resolve => { failed = resolve })
  const app = await streaming(t, async (response, request, reply) => {
    await begin(response, request, reply)
    try {
      for (;;) {
        await response.write(Buffer.alloc(65_536))
        written++
      }
    } catch (error) {
      failed(error)
      throw error
    }
  })
  const raw = await Raw.open(t, { port: await listen(app) })
  raw.write(get('/'))
  await raw.until(/\0{1000}/)
  raw.socket.pause()
  // The writer is still when two looks a while apart see the same.
  for (let before = -1; before !== written;) {
    before = written
    await new Promise(resolve => setTimeout(resolve, 150))
  }
  t.ok(written < 500, `${written} pieces`)
  raw.socket.destroy()
  t.match(await failure, { code: 'AIO_ERR_RESPONSE_CLOSED' })
  t.same(warnings, [])
})

t.test('a stream is compressed as the client likes it, and has no length then', async t => {
  const app = await streaming(t, async (response, request, reply) => {
    response.enableCompression()
    response.contentLength = 8
    await begin(response, request, reply)
    await response.write('aaaa')
    await response.writeEof('bbbb')
  })
  const { headers, rawPayload } = await app.inject({ url: '/', headers: { 'accept-encoding': 'gzip' } })
  t.equal(headers['content-encoding'], 'gzip')
  t.equal(headers['content-length'], undefined)
  t.equal(headers.vary, 'Accept-Encoding')
  t.equal(gunzipSync(rawPayload).toString(), 'aaaabbbb')

  const plain = await app.inject('/')
  t.equal(plain.headers.vary, 'Accept-Encoding')
  t.equal(plain.headers['content-length'], '8')
  t.equal(plain.body, 'aaaabbbb')
})

t.test('Response can be sent before the handler returns', async t => {
  const app = build(t)
  app.get('/', async (request, reply) => {
    await new Response({ text: 'early' }).prepare(request, reply)
    return reply
  })
  t.equal((await app.inject('/')).body, 'early')
})
