import t from 'tap'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { Readable } from 'node:stream'
import responses, { Response, type ContentCoding, type ResponseOptions } from '../../../plugins/responses/index.ts'
import { contentCodings, createEncoder, negotiateCoding } from '../../../plugins/responses/compression.ts'
import { build } from '../../helper.ts'

const decode = { br: brotliDecompressSync, gzip: gunzipSync, deflate: inflateSync }

t.test('negotiateCoding() takes what the client likes best', async t => {
  const cases: [accept: string | undefined, coding: ContentCoding][] = [
    [undefined, 'identity'],
    ['', 'identity'],
    ['*', 'identity'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['deflate', 'deflate'],
    ['deflate, gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['br;q=0.5, deflate;q=0.9', 'deflate'],
    ['gzip;q=0', 'identity'],
    ['gzip;q=nonsense', 'identity'],
    ['gzip, identity', 'gzip'],
    ['gzip;q=0.5, identity', 'identity'],
    ['compress', 'identity']
  ]
  for (const [accept, coding] of cases) t.equal(negotiateCoding(accept), coding, accept ?? 'none')
  t.throws(() => createEncoder('identity'), RangeError)
  t.ok(contentCodings.includes('identity'))
})

t.test('Response is compressed whole, with its new length and Vary', async t => {
  const app = build(t)
  await app.register(responses)
  const text = 'compress me '.repeat(20)
  const bodies: ResponseOptions[] = [{ text }, { body: Buffer.from(text) }]
  for (const [index, options] of bodies.entries()) {
    app.get(`/${index}`, async () => {
      const response = new Response(options)
      response.enableCompression()
      return response
    })
  }
  for (const index of bodies.keys()) {
    for (const coding of ['br', 'gzip', 'deflate'] as const) {
      const request = { url: `/${index}`, headers: { 'accept-encoding': coding } }
      const response = await app.inject(request)
      t.equal(response.headers['content-encoding'], coding)
      t.equal(response.headers['content-length'], String(response.rawPayload.length))
      t.equal(response.headers.vary, 'Accept-Encoding')
      t.equal(decode[coding](response.rawPayload).toString(), text)
      const head = await app.inject({ ...request, method: 'HEAD' })
      t.equal(head.headers['content-length'], response.headers['content-length'])
      t.equal(head.headers['content-encoding'], coding)
    }
    const plain = await app.inject(`/${index}`)
    t.equal(plain.headers.vary, 'Accept-Encoding')
    t.equal(plain.headers['content-encoding'], undefined)
    t.equal(plain.body, text)
  }
})

t.test('a coding can be forced; nothing and what is encoded already are left alone', async t => {
  const app = build(t)
  const make: Record<string, () => Response> = {
    forced: () => new Response({ text: 'x' }),
    stream: () => new Response({ body: Readable.from(['x']) }),
    empty: () => new Response(),
    encoded: () => new Response({ text: 'x', headers: { 'content-encoding': 'mine' } })
  }
  for (const [name, create] of Object.entries(make)) {
    app.get(`/${name}`, async () => {
      const response = create()
      response.enableCompression('gzip')
      return response
    })
  }
  for (const name of ['forced', 'stream']) {
    const { headers, rawPayload } = await app.inject(`/${name}`)
    t.equal(headers['content-encoding'], 'gzip')
    t.equal(headers.vary, undefined)
    t.equal(gunzipSync(rawPayload).toString(), 'x')
  }
  t.equal((await app.inject('/empty')).headers['content-encoding'], undefined)
  t.equal((await app.inject('/encoded')).body, 'x')
})

t.test('a wrong Content-Length is refused, a right one is sent', async t => {
  const app = build(t)
  const codes: unknown[] = []
  app.setErrorHandler((error, _request, reply) => {
    codes.push(Object(error).code)
    reply.code(500).send('refused')
  })
  const length = (request: { query: unknown }) => ({ 'content-length': String(Object(request.query).length) })
  app.get('/text', async request => new Response({ text: 'four', headers: length(request) }))
  t.equal((await app.inject('/text?length=4')).body, 'four')
  for (const wrong of [3, 5]) {
    const { body, headers, statusCode } = await app.inject(`/text?length=${wrong}`)
    t.same([statusCode, body, headers['content-length']], [500, 'refused', '7'])
  }
  t.same(codes, ['AIO_ERR_RESPONSE_LENGTH', 'AIO_ERR_RESPONSE_LENGTH'])
})
