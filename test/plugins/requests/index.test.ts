import t from 'tap'
import { connect, type AddressInfo } from 'node:net'
import requests, { MultiDict } from '../../../plugins/requests/index.ts'
import state, { RequestKey } from '../../../plugins/state.ts'
import { build } from '../../helper.ts'
import { Raw } from '../../raw.ts'
import { answering, listening } from './helper.ts'

t.test('a request says everything about itself', async t => {
  const { port } = await listening(t, async request => ({
    path: request.path,
    pathQs: request.pathQs,
    relUrl: request.relUrl,
    rawPath: request.rawPath,
    query: [...request.queryMulti],
    queryString: request.queryString,
    scheme: request.scheme,
    secure: request.secure,
    authority: request.authority,
    absoluteUrl: request.absoluteUrl,
    remote: request.remote,
    version: request.version,
    keepAlive: request.keepAlive,
    contentType: request.contentType,
    charset: request.charset,
    contentLength: request.contentLength,
    bodyExists: request.bodyExists,
    canReadBody: request.canReadBody
  }))
  const ask = async (head: string, body = '') => {
    const raw = await Raw.open(t, { port })
    raw.write(`${head}\r\n\r\n${body}`)
    const text = await raw.until(/\r\n\r\n\{[^]*\}$/)
    return JSON.parse(Buffer.from(text.slice(text.indexOf('\r\n\r\n')), 'latin1').toString())
  }
  const usual = {
    path: '/a b/ü',
    pathQs: '/a%20b/%C3%BC?x=%20y&x=1+1',
    relUrl: '/a%20b/%C3%BC?x=%20y&x=1+1',
    rawPath: '/a%20b/%C3%BC?x=%20y&x=1+1',
    query: [['x', ' y'], ['x', '1 1']],
    queryString: 'x= y&x=1 1',
    scheme: 'http',
    secure: false,
    authority: 'oracle.test:8080',
    absoluteUrl: 'http://oracle.test:8080/a%20b/%C3%BC?x=%20y&x=1+1',
    remote: '127.0.0.1',
    version: '1.1',
    keepAlive: true,
    contentType: 'application/octet-stream',
    charset: null,
    contentLength: null,
    bodyExists: false,
    canReadBody: false
  }

  t.same(await ask('GET /a%20b/%C3%BC?x=%20y&x=1+1 HTTP/1.1\r\nHost: oracle.test:8080'), usual)
  t.match(await ask('GET / HTTP/1.0'), {
    version: '1.0', keepAlive: false, authority: '127.0.0.1', absoluteUrl: 'http://127.0.0.1/'
  })
  t.match(await ask('GET / HTTP/1.0\r\nConnection: Keep-Alive'), { keepAlive: true })
  t.match(await ask('GET / HTTP/1.1\r\nHost: a:80\r\nConnection: x, Close'), {
    keepAlive: false, absoluteUrl: 'http://a/'
  })
  t.match(await ask('GET http://other.test:81/?x=1 HTTP/1.1\r\nHost: a'), {
    authority: 'other.test', absoluteUrl: 'http://other.test:81/?x=1', pathQs: '/?x=1', rawPath: 'http://other.test:81/?x=1'
  })
  t.match(await ask('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: Text/Plain; charset=UTF-8\r\nContent-Length: 5', 'hello'), {
    contentType: 'text/plain', charset: 'UTF-8', contentLength: 5, bodyExists: true, canReadBody: true
  })
  t.match(await ask('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked', '1\r\nx\r\n0\r\n\r\n'), {
    contentLength: null, bodyExists: true, canReadBody: true
  })
  t.match(await ask('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https'), {
    remote: '127.0.0.1', scheme: 'http'
  })
})

t.test('headers are there line by line, cookies, conditions and ranges understood', async t => {
  const app = await answering(t, async request => ({
    first: request.headersMulti.get('x-many'),
    all: request.headersMulti.getAll('X-MANY'),
    cookies: request.cookies,
    ifMatch: request.ifMatch,
    ifNoneMatch: request.ifNoneMatch,
    ifModifiedSince: request.ifModifiedSince,
    ifUnmodifiedSince: request.ifUnmodifiedSince,
    ifRange: request.ifRange,
    range: request.httpRange,
    forwarded: request.forwarded
  }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const raw = await Raw.open(t, { port: (app.server.address() as AddressInfo).port })

  raw.socket.write(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nX-Many: grüße\r\nx-many: 2\r\nCookie: a="ü"; b=2\r\n' +
    'If-Match: W/"w"\r\nIf-None-Match: *\r\nIf-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT\r\n' +
    'If-Unmodified-Since: nonsense\r\nRange: bytes=1-2\r\nForwarded: for=a\r\nForwarded: for=b\r\n\r\n'))
  const text = await raw.until(/\r\n\r\n\{[^]*\}$/)

  t.same(JSON.parse(Buffer.from(text.slice(text.indexOf('\r\n\r\n')), 'latin1').toString()), {
    first: 'grüße',
    all: ['grüße', '2'],
    cookies: { a: 'ü', b: '2' },
    ifMatch: [{ value: 'w', isWeak: true }],
    ifNoneMatch: [{ value: '*', isWeak: false }],
    ifModifiedSince: '2000-01-01T00:00:00.000Z',
    ifUnmodifiedSince: null,
    ifRange: null,
    range: { start: 1, stop: 3, step: 1 },
    forwarded: [{ for: 'a' }, { for: 'b' }]
  })
  t.equal((await app.inject({ url: '/', headers: { range: 'bytes=2-1' } })).statusCode, 416)
})

t.test('a clone has parts of its own and the rest of its request', async t => {
  const key = new RequestKey<number>('key')
  const app = await answering(t, async request => {
    request.state.set(key, 0)
    const clone = request.clone({
      method: 'PUT', relUrl: '/other?x=1', scheme: 'https', host: 'b:1', remote: '1.2.3.4', clientMaxSize: 3
    })
    const headers = request.clone({
      headers: [['Host', 'cloned'], ['Content-Type', 'text/x; charset=a'], ['X', '1'], ['X', '2']]
    })
    const before = clone.state.get(key)
    clone.state.set(key, 1)
    return {
      clone: [clone.method, clone.url, clone.path, clone.absoluteUrl, clone.protocol, clone.secure, clone.host,
        clone.authority,
        clone.remote, clone.ip, clone.clientMaxSize, clone.contentType, clone.queryMulti.get('x')],
      headers: [headers.authority, headers.host, headers.contentType, headers.charset,
        headers.headersMulti.getAll('x'), headers.headers.x],
      same: [request.clone().absoluteUrl === request.absoluteUrl, before, request.state.get(key)],
      text: await clone.text(),
      limit: request.clientMaxSize
    }
  })
  await app.register(state)

  const { body } = await app.inject({ method: 'POST', url: '/', payload: 'abc', headers: { 'content-type': 'text/plain' } })

  t.same(JSON.parse(body), {
    clone: ['PUT', '/other?x=1', '/other', 'https://b:1/other?x=1', 'https', true, 'b:1', 'b:1', '1.2.3.4', '1.2.3.4', 3,
      'text/plain', '1'],
    headers: ['cloned', 'cloned', 'text/x', 'a', ['1, 2'], '1, 2'],
    same: [true, 0, 0],
    text: 'abc',
    limit: 1_048_576
  })
})

t.test('a request is not cloned after its body was read', async t => {
  const app = await answering(t, async request => {
    await request.read()
    t.throws(() => request.clone(), { code: 'AIO_ERR_CLONE_READ' })
    return ''
  })

  t.equal((await app.inject({ method: 'POST', url: '/', payload: 'x' })).statusCode, 200)
})

t.test('a clone is made of known parts', async t => {
  const app = await answering(t, async request => {
    t.throws(() => request.clone({ path: '/' } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
    t.throws(() => request.clone({ method: 1 } as never), { code: 'AIO_ERR_OPTION_INVALID' })
    t.throws(() => request.clone({ headers: { 'a b': '1' } }), { code: 'AIO_ERR_HEADER_NAME' })
    return ''
  })

  t.equal((await app.inject({ method: 'POST', url: '/', payload: 'x' })).statusCode, 200)
})

t.test('a request that uses none of it has nothing added', async t => {
  const bare = build(t)
  const full = build(t)
  await full.register(requests)
  const keys: string[][] = []
  for (const app of [bare, full]) {
    app.get('/', async request => {
      keys.push(Reflect.ownKeys(request).map(String))
      return ''
    })
    await app.ready()
    await app.inject('/')
  }

  t.equal(keys.length, 2)
  t.same(keys[0], keys[1])
  const hooks = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend', 'onResponse']
  const kHooks = Object.getOwnPropertySymbols(full).find(symbol => symbol.description === 'fastify.hooks')!
  const added = (full as unknown as Record<symbol, Record<string, unknown[]>>)[kHooks]!
  for (const hook of hooks) t.equal(added[hook]?.length ?? 0, 0, hook)
})

t.test('lazyBodies() holds for its scope alone', async t => {
  const app = build(t)
  await app.register(requests)
  app.post('/parsed', async request => ({ body: request.body }))
  await app.register(async child => {
    child.lazyBodies()
    child.post('/lazy', async request => ({ body: request.body ?? null, read: await request.text() }))
  })

  t.same((await app.inject({ method: 'POST', url: '/parsed', payload: { a: 1 } })).json(), { body: { a: 1 } })
  t.same((await app.inject({ method: 'POST', url: '/lazy', payload: { a: 1 } })).json(), { body: null, read: '{"a":1}' })
})

t.test('a name is left to who has it already, or wants it later', async t => {
  const app = build(t)
  app.decorateRequest('cookies', { getter: () => ({ mine: '1' }) })
  await app.register(requests)
  app.get('/', async request => ({ cookies: request.cookies, path: request.path }))

  t.same((await app.inject({ url: '/', headers: { cookie: 'a=1' } })).json(), { cookies: { mine: '1' }, path: '/' })

  const other = build(t)
  await other.register(requests, { leaveOut: ['cookies', 'forwarded'] })
  other.decorateRequest('forwarded', { getter: () => [] })
  t.notOk(other.hasRequestDecorator('cookies'))
  t.ok(other.hasRequestDecorator('charset'))
})

t.test('misspelt and impossible options are refused', async t => {
  await t.rejects(async () => await build(t).register(requests, { maxSize: 1 } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  for (const options of [{ clientMaxSize: -1 }, { spoolFolder: '' }, { maxParts: 0 }, { leaveOut: ['cookie'] }]) {
    await t.rejects(async () => await build(t).register(requests, options as never), { code: 'AIO_ERR_OPTION_INVALID' })
  }
})

t.test('MultiDict keeps order, repetitions and every name', async t => {
  const dict = new MultiDict([['a', '1'], ['b', '2'], ['a', '3'], ['__proto__', '4']])
  t.equal(dict.get('a'), '1')
  t.equal(dict.get('A'), undefined)
  t.same(dict.getAll('a'), ['1', '3'])
  t.same(dict.getAll('none'), [])
  t.ok(dict.has('__proto__'))
  t.equal(dict.size, 4)
  t.same([...dict.keys()], ['a', 'b', 'a', '__proto__'])
  t.same([...dict.values()], ['1', '2', '3', '4'])
  t.same([...dict], [...dict.entries()])
  t.equal(new MultiDict([['A', 1]], { ignoreCase: true }).get('a'), 1)
})

t.test('many pipelined requests share one listener of their connection', async t => {
  const warnings: Error[] = []
  const listener = (warning: Error) => warnings.push(warning)
  process.on('warning', listener)
  t.teardown(() => process.off('warning', listener))
  const { port } = await listening(t, async request => await request.text())
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let text = ''
  const all = new Promise<void>(resolve => socket.on('data', data => {
    text += data.toString()
    if ((text.match(/200 OK/g) ?? []).length === 50) resolve()
  }))

  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'.repeat(50))
  await all
  await new Promise(resolve => setImmediate(resolve))

  t.same(warnings, [])
})
