/** What becomes of errors: those of others, 404 and 405, and what nobody caught. */

import t from 'tap'
import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import exceptions from '../../../plugins/exceptions/index.ts'
import {
  frameworkErrors, HTTPBadRequest, HTTPForbidden, HTTPNotFound, HTTPNotModified
} from '../../../plugins/exceptions/index.ts'
import { build } from '../../helper.ts'
import { throwing } from './helper.ts'

t.test('unhandled errors answer 500, close the connection, tell nothing, and are logged', async t => {
  for (const thrown of [new Error('secret'), 'secret', 42, { secret: 1 }, Object.create(null), null, undefined]) {
    const stream = new PassThrough({ encoding: 'utf8' })
    const app = await throwing(t, () => thrown, {}, { logger: { level: 'error', stream } })
    const response = await app.inject('/')
    t.equal(response.statusCode, 500)
    t.equal(response.body, '500 Internal Server Error\n\nServer got itself in trouble')
    t.equal(response.headers['content-type'], 'text/plain; charset=utf-8')
    t.equal(response.headers.connection, 'close')
    t.match(String(stream.read()), /"level":50.*Error handling request/)
    for (const accept of ['application/json', 'application/problem+json', 'text/html']) {
      const { body } = await app.inject({ url: '/', headers: { accept } })
      t.notMatch(body, /secret/)
      t.match(body, /Server got itself in trouble/)
    }
  }
})

t.test('a time-out of the platform is 504 without a body, as aiohttp answers it', async t => {
  const app = await throwing(t, () => new DOMException('The operation timed out', 'TimeoutError'))
  const response = await app.inject('/')

  t.equal(response.statusCode, 504)
  t.equal(response.body, '')
  t.match(response.headers, { 'content-type': /^text\/plain$/, connection: 'close' })
})

t.test('304 with a text has neither body nor length, empty bytes have no type', async t => {
  const cached = await (await throwing(t, () => new HTTPNotModified({ text: 'ignored' }))).inject('/')
  t.equal(cached.body, '')
  t.notOk(cached.headers['content-length'])

  const empty = await (await throwing(t, () => new HTTPBadRequest({ body: Buffer.alloc(0) }))).inject('/')
  t.equal(empty.statusCode, 400)
  t.notOk(empty.headers['content-type'])
})

t.test('headers that repeat keep their lines', async t => {
  const app = await throwing(t, () => new HTTPForbidden({ headers: { 'x-many': ['1', '2'] } }))

  t.same((await app.inject('/')).headers['x-many'], ['1', '2'])
})

t.test('Fastify\'s own errors come out the same way', async t => {
  const app = build(t, { bodyLimit: 10, handlerTimeout: 30 })
  await app.register(exceptions)
  app.post('/', { schema: { body: { type: 'object', properties: { n: { type: 'integer' } } } } }, async () => 'ok')
  app.get('/slow', async () => new Promise(() => {}))
  const post = (payload: string, type: string, accept = '*/*') =>
    app.inject({ method: 'POST', url: '/', payload, headers: { 'content-type': type, accept } })

  const invalid = await post('{"n":"x"}', 'application/json')
  t.equal(invalid.statusCode, 400)
  t.equal(invalid.body, '400: body/n must be integer')
  t.same((await post('{"n":"x"}', 'application/json', 'application/problem+json')).json(), {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'body/n must be integer',
    code: 'FST_ERR_VALIDATION',
    errors: [{ in: 'body', pointer: '/n', detail: 'must be integer' }]
  })
  const large = await post('{"n":1234567890}', 'application/json')
  t.equal(large.statusCode, 413)
  t.equal(large.statusMessage, 'Request Entity Too Large')
  t.equal(large.body, 'Maximum request body size 10 exceeded.')
  t.equal((await post('x', 'image/x')).statusCode, 415)
  t.match(await post('{', 'application/json'), { statusCode: 400, headers: { 'content-type': /^text\/plain/ } })
  t.match(await app.inject('/slow'), { statusCode: 503, body: '503: Service Unavailable' })
})

t.test('errors of other plugins keep their status and headers', async t => {
  const foreign = (fields: object) => Object.assign(new Error('told'), fields)
  const cases: [error: unknown, status: number, body: string][] = [
    [foreign({ statusCode: 409 }), 409, '409: told'], [foreign({ status: 410 }), 410, '410: told'],
    [foreign({ statusCode: 409, expose: false }), 409, '409: Conflict'],
    [foreign({ statusCode: 502 }), 502, '502: Bad Gateway'],
    [foreign({ statusCode: 200 }), 500, '500 Internal Server Error\n\nServer got itself in trouble'],
    [foreign({ statusCode: 499 }), 499, '499: told'],
    [foreign({ statusCode: 429, headers: { 'retry-after': '5' } }), 429, '429: told'],
    [foreign({ statusCode: 429, headers: { 'x-bad': 'a\nb' } }), 429, '429: told']
  ]
  for (const [error, status, body] of cases) {
    const response = await (await throwing(t, () => error)).inject('/')
    t.equal(response.statusCode, status)
    t.equal(response.body, body)
    t.equal(response.headers['retry-after'], Object(error).headers?.['retry-after'])
  }
  const app = build(t)
  await app.register(exceptions)
  app.get('/', async (_request, reply) => {
    reply.code(404).header('vary', 'origin')
    throw new Error('gone')
  })
  app.get('/varies', async (_request, reply) => {
    reply.header('vary', 'origin, Accept')
    throw new HTTPNotFound()
  })
  t.match(await app.inject('/'), { statusCode: 404, body: '404: gone', headers: { vary: 'origin, accept' } })
  t.equal((await app.inject('/varies')).headers.vary, 'origin, Accept')
})

t.test('a user\'s error handler in a child keeps working', async t => {
  const app = await throwing(t, () => new HTTPNotFound())
  await app.register(async child => {
    child.setErrorHandler(async (error, _request, reply) => {
      if (error instanceof HTTPForbidden) throw error
      return reply.code(400).send('mine')
    })
    child.get('/child', async () => { throw new HTTPNotFound() })
    child.get('/rethrown', async () => { throw new HTTPForbidden() })
  })

  t.equal((await app.inject('/child')).body, 'mine')
  t.equal((await app.inject('/rethrown')).body, '403: Forbidden')
  t.equal((await app.inject('/')).body, '404: Not Found')
})

t.test('404 and 405 are told apart, with Allow of all routes', async t => {
  const app = build(t, { routerOptions: { ignoreTrailingSlash: true } })
  await app.register(exceptions)
  app.get('/items/:id', async () => 'item')
  app.post('/items/special', async () => 'special')
  app.options('*', async () => 'preflight')
  app.put('/hosted', { constraints: { host: 'a.example' } }, async () => 'hosted')
  app.put('/versioned', { constraints: { version: '1.0.0' } }, async () => 'versioned')
  app.all('/any/*', { config: { allowed: false } }, async (_request, reply) => reply.callNotFound())
  app.get('/gone', async (_request, reply) => reply.callNotFound())
  await app.register(async child => { child.delete('/things', async () => 'gone') }, { prefix: '/v1' })

  for (const [method, url, status, allow, headers] of [
    ['PUT', '/items/1', 405, 'GET,HEAD'], ['PUT', '/items/1/', 405, 'GET,HEAD'], ['PUT', '/items/1?a=b', 405, 'GET,HEAD'],
    ['PUT', '/items/special', 405, 'GET,HEAD,POST'], ['GET', '/v1/things', 405, 'DELETE'],
    ['GET', '/none', 404], ['POST', '/items', 404], ['GET', '/any/thing', 404], ['GET', '/gone', 404], ['POST', '/gone', 405, 'GET,HEAD'],
    ['GET', '/hosted', 404], ['GET', '/hosted', 405, 'PUT', { host: 'a.example' }],
    ['GET', '/versioned', 404], ['GET', '/versioned', 405, 'PUT', { 'accept-version': '1.x' }],
    ['GET', '/versioned', 404, undefined, { 'accept-version': '2.x' }]
  ] as const) {
    const response = await app.inject({ method, url, headers: headers ?? {} })
    t.equal(response.statusCode, status, `${method} ${url}`)
    t.equal(response.headers.allow, allow, `${method} ${url}`)
    t.equal(response.body, status === 404 ? '404: Not Found' : '405: Method Not Allowed')
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/none' })).headers['content-length'], '14')
})

t.test('a successful request pays nothing: no hooks but onRoute', async t => {
  const app = build(t)
  const hooks: string[] = []
  const addHook = app.addHook
  app.addHook = function (this: typeof app, ...args: Parameters<typeof addHook>) {
    hooks.push(args[0])
    return Reflect.apply(addHook, this, args)
  } as typeof addHook
  await app.register(exceptions)

  t.same(hooks, ['onRoute'])
})

t.test('notFound: false leaves the not-found handler to the user', async t => {
  const app = build(t)
  await app.register(exceptions, { notFound: false })
  app.setNotFoundHandler((_request, reply) => { reply.code(404).send('mine') })

  t.equal((await app.inject('/none')).body, 'mine')
})

t.test('thrown responses are sent', async t => {
  const app = await throwing(t, () => new Response('thrown', { status: 202 }))
  t.match(await app.inject('/'), { statusCode: 202, body: 'thrown' })
})

t.test('a handler that gives up because its request was aborted answers 503, and its error is no fault', async t => {
  const app = await throwing(t, () => new HTTPNotFound())
  app.get('/aborted', async request => {
    const aborted = once(request.signal, 'abort')
    request.raw.emit('close')
    await aborted
    throw request.signal.reason
  })

  t.match(await app.inject('/aborted'), {
    statusCode: 503, headers: { 'retry-after': '1' }, body: '503: Service Unavailable'
  })
})

t.test('frameworkErrors answers bad URLs like any other error', async t => {
  const app = build(t, { frameworkErrors, routerOptions: { maxParamLength: 5 } })
  await app.register(exceptions)
  app.get('/:id', async () => 'x')

  t.match(await app.inject('/%zz'), { statusCode: 400, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  t.equal((await app.inject({ url: '/%zz', headers: { accept: 'application/json' } })).json().code, 'FST_ERR_BAD_URL')
  t.equal((await app.inject('/toolong')).statusCode, 414)
})

t.test('the phrase is on the wire, and an exception keeps the connection', async t => {
  const app = await throwing(t, () => new HTTPNotFound({ reason: 'Lost' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  const socket = connect(Object(address).port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let received = ''
  socket.setEncoding('latin1').write('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  for await (const chunk of socket) received += chunk

  t.equal(received.match(/HTTP\/1\.1 404 Lost\r\n/g)?.length, 2)
})
