import t, { type Test } from 'tap'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import responses, { jsonResponse, Response, type CookieOptions, type ResponseOptions } from '../../plugins/responses/index.ts'
import { build } from '../helper.ts'

/** What a plain Fastify app without any plugin answers. */
async function answer (t: Test, make: () => unknown) {
  const app = build(t)
  app.get('/', async () => make())
  return app.inject('/')
}

t.test('Response is sent by a plain Fastify app', async t => {
  const cases: [options: ResponseOptions, body: string, type: string | undefined, length: string | undefined][] = [
    [{}, '', undefined, '0'],
    [{ text: 'ü' }, 'ü', 'text/plain; charset=utf-8', '2'],
    [{ text: '' }, '', 'text/plain; charset=utf-8', '0'],
    [{ text: '<p>', contentType: 'text/html' }, '<p>', 'text/html; charset=utf-8', '3'],
    [{ text: 'x', charset: 'us-ascii' }, 'x', 'text/plain; charset=us-ascii', '1'],
    [{ text: 'x', headers: { 'Content-Type': 'text/css' } }, 'x', 'text/css; charset=utf-8', '1'],
    [{ body: 'string' }, 'string', 'text/plain; charset=utf-8', '6'],
    [{ body: Buffer.from('buffer') }, 'buffer', 'application/octet-stream', '6'],
    [{ body: new TextEncoder().encode('bytes') }, 'bytes', 'application/octet-stream', '5'],
    [{ body: new Uint8Array(Buffer.from('abc').buffer, 0, 0) }, '', undefined, '0'],
    [{ body: Buffer.from('b'), contentType: 'image/png' }, 'b', 'image/png', '1'],
    [{ body: null }, '', undefined, '0'],
    [{ body: null, contentType: 'image/png' }, '', 'image/png', '0']
  ]
  for (const [options, body, type, length] of cases) {
    for (const extra of [{}, { reason: 'Mine' }]) {
      const response = await answer(t, () => new Response({ ...options, ...extra }))
      t.equal(response.statusCode, 200)
      t.equal(response.body, body)
      t.equal(response.headers['content-type'], type)
      t.equal(response.headers['content-length'], length)
    }
  }
})

t.test('streams and async iterables are sent in chunks', async t => {
  const iterable = async function * () {
    yield 'a'
    yield Buffer.from('b')
  }
  const web = () => new ReadableStream({
    start (controller) {
      controller.enqueue(new Uint8Array([97, 98]))
      controller.close()
    }
  })
  for (const make of [() => Readable.from(['a', 'b']), web, iterable]) {
    for (const extra of [{}, { reason: 'Mine' }]) {
      const response = await answer(t, () => new Response({ body: make(), ...extra }))
      t.equal(response.body, 'ab')
      t.equal(response.headers['content-type'], 'application/octet-stream')
      t.equal(response.headers['content-length'], undefined)
    }
  }
})

t.test('a wrong chunk of an iterable ends the response, not the process', async t => {
  const app = build(t)
  app.get('/', async () => new Response({ body: Object((async function * () { yield { not: 'bytes' } })()) }))
  app.get('/next', async () => new Response({ text: 'alive' }))

  t.equal((await app.inject('/')).statusCode, 500)
  t.equal((await app.inject('/next')).body, 'alive')
})

t.test('status, headers and cookies', async t => {
  const response = await answer(t, () => {
    const response = new Response({ status: 201, text: 'made', headers: [['X-A', '1'], ['x-a', '2'], ['Set-Cookie', 'raw=1']] })
    response.setCookie('a', '1')
    response.headers.set('x-b', 5)
    return response
  })
  t.equal(response.statusCode, 201)
  t.match(response.headers, { 'x-a': ['1', '2'], 'x-b': '5', 'set-cookie': ['raw=1', 'a=1; Path=/'] })
  const empty = await answer(t, () => new Response({ status: 204, reason: 'Nothing' }))
  t.equal(empty.statusCode, 204)
  t.notOk('content-length' in empty.headers)
  t.notOk('content-length' in (await answer(t, () => new Response({ status: 304, reason: 'Same' }))).headers)
})

t.test('text, body, contentType, charset and status can be changed afterwards', async t => {
  const response = new Response({ text: 'hello' })
  response.text = response.text + ' wink'
  response.contentType = 'text/html'
  response.status = 202
  response.reason = 'Done'
  t.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  const sent = await answer(t, () => response)
  t.match(sent, { statusCode: 202, statusMessage: 'Done', body: 'hello wink' })

  const bytes = new Response({ body: Buffer.from('é', 'latin1'), contentType: 'text/plain' })
  bytes.charset = 'iso-8859-1'
  t.equal(bytes.text, 'é')
  bytes.text = 'ü'
  t.same(bytes.body, Buffer.from([0xfc]))
  bytes.charset = null
  t.equal(bytes.headers.get('content-type'), 'text/plain')
  bytes.text = null
  t.equal(bytes.body, null)
  t.equal(bytes.text, null)
  t.equal(new Response({ body: Readable.from([]) }).text, null)
  t.equal(new Response().contentType, 'application/octet-stream')
  t.equal(new Response().charset, null)
  t.equal(new Response({ status: 404 }).reason, 'Not Found')
})

t.test('a reason of one\'s own reaches the wire', async t => {
  const app = build(t)
  const bodies = { '/text': { text: 'x' }, '/none': {}, '/stream': { body: Readable.from(['x']) }, '/error': { status: 503 } }
  for (const [url, options] of Object.entries(bodies)) {
    app.get(url, async () => new Response({ ...options, reason: 'My Way' }))
  }
  app.get('/usual', async () => new Response({ text: 'x', reason: 'OK' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = Object(app.server.address())

  for (const url of [...Object.keys(bodies), '/usual']) {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    t.teardown(() => socket.destroy())
    socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    let received = ''
    for await (const chunk of socket) received += chunk
    t.match(received, url === '/usual' ? /^HTTP\/1\.1 200 OK\r/ : /^HTTP\/1\.1 (200|503) My Way\r/, url)
  }
})

t.test('a reason of one\'s own costs the others nothing: their body is what it was', t => {
  t.equal(new Response({ text: 'x' }).body, 'x')
  t.equal(new Response({ text: 'x', reason: 'OK' }).body, 'x')
  t.type(new Response({ text: 'x', reason: 'Mine' }).body, Readable)
  t.end()
})

t.test('bad options are coded errors', t => {
  const cases: [options: object, code: string][] = [
    [{ text: 'a', body: 'b' }, 'AIO_ERR_OPTION_CONFLICT'],
    [{ text: 'a', headers: { 'content-type': 'a/b' }, contentType: 'a/b' }, 'AIO_ERR_OPTION_CONFLICT'],
    [{ body: 'a', headers: { 'content-type': 'a/b' }, charset: 'utf-8' }, 'AIO_ERR_OPTION_CONFLICT'],
    [{ text: 'a', contentType: 'text/html; charset=utf-8' }, 'AIO_ERR_CONTENT_TYPE'],
    [{ contentType: 'html' }, 'AIO_ERR_CONTENT_TYPE'],
    [{ contentType: 'text/html\r\nx: y' }, 'AIO_ERR_CONTENT_TYPE'],
    [{ contentType: 'text/html;a=b\r\nx: y' }, 'AIO_ERR_HEADER_VALUE'],
    [{ text: 'a', charset: 'ebcdic' }, 'AIO_ERR_CHARSET'],
    [{ text: 'a', headers: { 'content-type': 'text/plain; charset=koi8-r' } }, 'AIO_ERR_CHARSET'],
    [{ text: 5 }, 'AIO_ERR_BODY'],
    [{ body: 5 }, 'AIO_ERR_BODY'],
    [{ body: {} }, 'AIO_ERR_BODY'],
    [{ body: ['a'] }, 'AIO_ERR_BODY'],
    [{ status: 99 }, 'AIO_ERR_OPTION_INVALID'],
    [{ status: 101 }, 'AIO_ERR_OPTION_INVALID'],
    [{ status: '200' }, 'AIO_ERR_OPTION_INVALID'],
    [{ status: 600 }, 'AIO_ERR_OPTION_INVALID'],
    [{ reason: 'a\r\nb: c' }, 'AIO_ERR_REASON'],
    [{ headers: { 'x-a': 'a\r\nb: c' } }, 'AIO_ERR_HEADER_VALUE'],
    [{ headers: { 'x a': 'a' } }, 'AIO_ERR_HEADER_NAME'],
    [{ statusCode: 200 }, 'AIO_ERR_OPTION_UNKNOWN']
  ]
  for (const [options, code] of cases) t.throws(() => new Response(options), { code })
  t.throws(() => { new Response().status = 1000 }, { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => { new Response().reason = '\n' }, { code: 'AIO_ERR_REASON' })
  t.end()
})

t.test('cookies are written as Python writes them', t => {
  const written = (name: string, value: string, options?: CookieOptions) => {
    const response = new Response()
    response.setCookie(name, value, options)
    return response.headers.getSetCookie()[0]
  }
  t.equal(written('a', 'b c;d', { maxAge: 5999, httpOnly: true, secure: true, sameSite: 'Lax' }),
    'a="b c\\073d"; HttpOnly; Max-Age=5; Path=/; SameSite=Lax; Secure')
  t.equal(written('sid', 'v', { domain: 'example.com', expires: new Date(0), path: '/x', partitioned: true }),
    'sid=v; Domain=example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; Partitioned; Path=/x')
  t.equal(written('sid', 'say "hi"'), 'sid="say \\"hi\\""; Path=/')
  t.equal(written('sid', 'é'), 'sid="\\351"; Path=/')
  t.equal(written('sid', 'a\r\nb'), 'sid="a\\015\\012b"; Path=/')
  t.equal(written('sid', ''), 'sid=""; Path=/')
  t.equal(written('sid', 'v', { path: '' }), 'sid=v')

  const response = new Response()
  response.setCookie('z', '1')
  response.setCookie('other', '1')
  response.setCookie('z', '2')
  t.same(response.headers.getSetCookie(), ['other=1; Path=/', 'z=2; Path=/'])
  response.delCookie('z', { path: '/x' })
  t.same(response.headers.getSetCookie()[1], 'z=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/x')

  const cases: [name: unknown, value: unknown, options: object, code: string][] = [
    ['a b', '', {}, 'AIO_ERR_COOKIE_NAME'], ['', '', {}, 'AIO_ERR_COOKIE_NAME'], ['Path', '', {}, 'AIO_ERR_COOKIE_NAME'],
    ['a', 5, {}, 'AIO_ERR_COOKIE_VALUE'], ['a', '✗', {}, 'AIO_ERR_COOKIE_VALUE'],
    ['a', 'b', { path: '/;x' }, 'AIO_ERR_COOKIE_VALUE'], ['a', 'b', { domain: 'a\r\nb' }, 'AIO_ERR_COOKIE_VALUE'],
    ['a', 'b', { maxAge: '5' }, 'AIO_ERR_OPTION_INVALID'], ['a', 'b', { max_age: 5 }, 'AIO_ERR_OPTION_UNKNOWN'],
    ['a', 'b', { expires: new Date(NaN) }, 'AIO_ERR_OPTION_INVALID'], ['a', 'b', { sameSite: 'x' }, 'AIO_ERR_OPTION_INVALID']
  ]
  for (const [name, value, options, code] of cases) {
    t.throws(() => Reflect.apply(response.setCookie, response, [name, value, options]), { code })
  }
  t.end()
})

t.test('jsonResponse() sends JSON', async t => {
  const response = await answer(t, () => jsonResponse({ a: 1 }, { status: 201, headers: { 'x-a': '1' } }))
  t.equal(response.statusCode, 201)
  t.equal(response.body, '{"a":1}')
  t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'x-a': '1' })
  t.equal(jsonResponse(null).text, 'null')
  t.equal(jsonResponse(1, { dumps: data => `<${String(data)}>`, contentType: 'application/x' }).text, '<1>')
  t.equal(jsonResponse(1, { reason: 'One' }).reason, 'One')

  t.throws(() => jsonResponse(undefined), { code: 'AIO_ERR_BODY' })
  t.throws(() => jsonResponse(1, Object({ text: 'x' })), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  t.throws(() => jsonResponse(1, Object({ dumps: 'x' })), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('the plugin makes HEAD answer like GET, without the body', async t => {
  const app = build(t)
  await app.register(responses)
  const made = {
    '/text': () => new Response({ text: 'abc', status: 201, headers: { 'x-a': '1' } }),
    '/reason': () => new Response({ text: 'abc', reason: 'Mine', headers: { 'x-a': '1' } }),
    '/none': () => new Response({ headers: { 'x-a': '1' } }),
    '/204': () => new Response({ status: 204, headers: { 'x-a': '1' } }),
    '/304': () => new Response({ status: 304, headers: { 'x-a': '1' } }),
    '/stream': () => new Response({ body: Readable.from(['abc']), headers: { 'x-a': '1' } }),
    '/web': () => new globalThis.Response('abc', { headers: { 'x-a': '1' } })
  }
  for (const [url, make] of Object.entries(made)) app.get(url, async () => make())
  app.get('/plain', async () => ({ a: 1 }))

  for (const url of [...Object.keys(made), '/plain']) {
    const get = await app.inject({ method: 'GET', url })
    const head = await app.inject({ method: 'HEAD', url })
    t.equal(head.statusCode, get.statusCode, url)
    t.equal(head.statusMessage, get.statusMessage, url)
    t.equal(head.headers['x-a'], get.headers['x-a'], url)
    t.equal(head.headers['content-type'], get.headers['content-type'], url)
    // Of nothing no length is told, as with aiohttp.
    t.equal(head.headers['content-length'], url === '/none' ? undefined : get.headers['content-length'], url)
    t.equal(head.body, '')
  }
})

t.test('the plugin has no options and adds one hook, which no GET request meets', async t => {
  const app = build(t)
  const hooks: string[] = []
  const addHook = app.addHook
  app.addHook = function (this: typeof app, ...args: Parameters<typeof addHook>) {
    hooks.push(args[0])
    return Reflect.apply(addHook, this, args)
  } as typeof addHook
  await app.register(responses)
  t.same(hooks, ['onRoute'])
  await t.rejects(async () => build(t).register(responses, Object({ head: true })), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})
