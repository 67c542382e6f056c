import t, { type Test } from 'tap'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import bundle, { type AppOptions } from '../../../app.ts'
import { HTTPConflict, HTTPException, HTTPForbidden } from '../../../plugins/exceptions/index.ts'
import type { Middleware } from '../../../plugins/middlewares/index.ts'
import { Response } from '../../../plugins/responses/index.ts'
import { get } from '../../../plugins/routes/index.ts'
import { RequestKey } from '../../../plugins/state.ts'
import { build } from '../../helper.ts'

/** Leaves its name on whatever passes. */
function tag (name: string): Middleware {
  return async (request, handler) => {
    try {
      const response = await handler(request)
      response.headers.append('x-out', name)
      return response
    } catch (error) {
      if (error instanceof HTTPException) error.headers.append('x-out', name)
      throw error
    }
  }
}

const wink: Middleware = async (request, handler) => {
  const response = await handler(request)
  if (response instanceof Response && response.text !== null) response.text += ' wink'
  return response
}

async function appWith (t: Test, chain: Middleware[], options: AppOptions = {}): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(bundle, { ...options, middlewares: { middlewares: chain } })
  return app
}

const out = (headers: Record<string, unknown>) => [headers['x-out'] ?? []].flat().join()

t.test('the first middleware is outermost, that of a parent around those of a sub-application, a route innermost', async t => {
  const app = await appWith(t, [tag('a'), tag('b')])
  app.addSubapp('/sub', async sub => {
    sub.addMiddleware(tag('d'))
    sub.addGet('/ours', async () => new Response({ text: 'ours' }), { middlewares: [tag('e')] })
    sub.get('/fastify', { middlewares: [tag('e'), tag('f')] }, async () => 'plain')
    sub.addSubapp('/inner', async inner => {
      inner.addGet('/x', async () => new Response({ text: 'x' }))
    }, { middlewares: [tag('i')] })
  }, { middlewares: [tag('c')] })
  app.addGet('/', async () => new Response())

  t.equal(out((await app.inject('/')).headers), 'b,a')
  t.equal(out((await app.inject('/sub/ours')).headers), 'e,d,c,b,a')
  t.equal(out((await app.inject('/sub/fastify')).headers), 'f,e,d,c,b,a')
  t.equal(out((await app.inject('/sub/inner/x')).headers), 'i,d,c,b,a')
})

t.test('404 and 405 pass through the middlewares of the app that answers them', async t => {
  const app = await appWith(t, [tag('root')])
  app.addGet('/', async () => new Response())
  app.addSubapp('/sub', async sub => { sub.addGet('/x', async () => new Response()) }, { middlewares: [tag('sub')] })
  const table = [
    ['GET', '/none', 404, 'root'], ['POST', '/', 405, 'root'],
    ['GET', '/sub/none', 404, 'sub,root'], ['POST', '/sub/x', 405, 'sub,root']
  ] as const

  for (const [method, url, status, expected] of table) {
    const { statusCode, headers } = await app.inject({ method, url })
    t.same([statusCode, out(headers)], [status, expected], `${method} ${url}`)
    if (status === 405) t.equal(headers.allow, 'GET,HEAD')
  }
})

t.test('a middleware may answer, refuse, replace, rescue and fail', async t => {
  const rescue: Middleware = async (request, handler) => {
    try {
      return await handler(request)
    } catch (error) {
      if (error instanceof HTTPException && error.statusCode === 404) return new Response({ text: 'rescued' })
      throw error
    }
  }
  const app = await appWith(t, [tag('a'), rescue])
  const own = (middleware: Middleware) => ({ middlewares: [middleware] })
  let ran = 0
  const handler = async () => {
    ran++
    return new Response({ text: 'handler' })
  }
  app.addGet('/answer', handler, own(() => new Response({ text: 'stopped', status: 203 })))
  app.addGet('/refuse', handler, own(() => { throw new HTTPForbidden() }))
  app.addGet('/replace', handler, own(async (request, handler) => {
    await handler(request)
    return new Response({ text: 'replaced', status: 202 })
  }))
  app.addGet('/fail', handler, own(async (request, handler) => {
    await handler(request)
    throw new HTTPConflict({ text: 'failed' })
  }))
  app.addGet('/crash', handler, own(async () => { throw new Error('crash') }))
  const table = [
    ['/answer', 203, 'stopped', 'a'], ['/refuse', 403, '403: Forbidden', 'a'], ['/replace', 202, 'replaced', 'a'],
    ['/fail', 409, 'failed', 'a'], ['/none', 200, 'rescued', 'a'],
    ['/crash', 500, '500 Internal Server Error\n\nServer got itself in trouble', '']
  ] as const

  for (const [url, status, body, tags] of table) {
    const answer = await app.inject(url)
    t.same([answer.statusCode, answer.body, out(answer.headers)], [status, body, tags], url)
  }
  t.equal(ran, 2)
})

t.test('a changed request and the state of a request are handed on', async t => {
  const USER = new RequestKey<string>('user')
  const app = await appWith(t, [async (request, handler) => {
    request.state.set(USER, 'alice')
    return await handler(request.clone({ scheme: 'https' }))
  }])
  app.addGet('/', async request => new Response({ text: `${request.state.get(USER)} ${request.scheme}` }))

  t.equal((await app.inject('/')).body, 'alice https')
})

t.test('whatever a handler answers with, middlewares see a response and may change it', async t => {
  const seen: unknown[] = []
  const app = await appWith(t, [async (request, handler) => {
    const response = await handler(request)
    seen.push(response.status, response.contentType, response instanceof Response && response.text)
    return await wink(request, async () => response)
  }])
  const json = { schema: { response: { 200: { type: 'object', properties: { a: { type: 'number' } } } } } }
  const later = (reply: FastifyReply) => { setImmediate(() => reply.send('later')) }
  app.get('/response', async () => new Response({ text: 'response' }))
  app.get('/string', async () => 'string')
  app.get('/sync', () => 'sync')
  app.get('/html', async (_, reply) => {
    reply.header('content-type', 'text/html')
    return '<p>'
  })
  app.get('/json', json, async () => ({ a: 1, b: 2 }))
  app.get('/bytes', async () => Buffer.from('bytes'))
  app.get('/nothing', async () => {})
  app.get('/null', async () => null)
  app.get('/send', (_, reply) => { reply.code(201).header('x-own', '1').send('send') })
  app.get('/chain', (_, reply) => reply.code(201).header('x-own', '1').send('chain'))
  app.get('/async-send', async (_, reply) => reply.send('async-send'))
  app.get('/wait', async (_, reply) => {
    setImmediate(() => reply.send('wait'))
    return await reply
  })
  app.get('/later', (_, reply) => later(reply))
  app.get('/later-reply', (_, reply) => {
    later(reply)
    return reply
  })
  app.get('/length', (_, reply) => { reply.header('content-length', 6).send('length') })
  app.get('/serializer', async (_, reply) => {
    reply.header('content-type', 'text/csv').serializer((list: string[]) => list.join())
    return ['a', 'b']
  })
  app.get('/web', async () => new globalThis.Response('web', { status: 202, statusText: 'Fine' }))
  app.get('/stream', async () => Readable.from(['str', 'eam']))
  app.get('/redirect', (_, reply) => reply.redirect('/there'))

  const utf8 = 'text/plain; charset=utf-8'
  const table: [url: string, status: number, type: string | undefined, body: string][] = [
    ['/response', 200, utf8, 'response wink'], ['/string', 200, utf8, 'string wink'], ['/sync', 200, utf8, 'sync wink'],
    ['/html', 200, 'text/html; charset=utf-8', '<p> wink'],
    ['/json', 200, 'application/json; charset=utf-8', '{"a":1} wink'],
    ['/bytes', 200, utf8, 'bytes wink'],
    ['/nothing', 200, undefined, ''], ['/null', 200, undefined, ''],
    ['/send', 201, utf8, 'send wink'], ['/chain', 201, utf8, 'chain wink'],
    ['/async-send', 200, utf8, 'async-send wink'], ['/wait', 200, utf8, 'wait wink'],
    ['/later', 200, utf8, 'later wink'], ['/later-reply', 200, utf8, 'later wink'],
    ['/length', 200, utf8, 'length wink'],
    ['/serializer', 200, 'text/csv; charset=utf-8', 'a,b wink'],
    ['/web', 202, 'text/plain;charset=UTF-8', 'web'], ['/stream', 200, undefined, 'stream'],
    ['/redirect', 302, undefined, '']
  ]
  for (const [url, status, type, body] of table) {
    const answer = await app.inject(url)
    t.same([answer.statusCode, answer.headers['content-type'], answer.body], [status, type, body], url)
    if (!['/web', '/stream'].includes(url)) t.equal(answer.headers['content-length'], String(body.length), url)
    if (status === 201) t.equal(answer.headers['x-own'], '1')
  }
  t.equal((await app.inject('/redirect')).headers.location, '/there')
  t.same(seen.slice(0, 6), [200, 'text/plain', 'response', 200, 'text/plain', 'string'])
})

t.test('routes are listed with their middlewares, outermost first, and their handlers under their own names', async t => {
  const app = build(t)
  await app.register(bundle)
  const named = (name: string): Middleware =>
    Object.defineProperty(async (request, handler) => await handler(request), 'name', { value: name }) as Middleware
  app.addMiddleware(named('outer'))
  app.addSubapp('/sub', async sub => { sub.addGet('/x', async function ours () {}, { middlewares: [named('own')] }) },
    { middlewares: [named('inner')] })
  await app.register(async child => {
    child.addMiddleware(named('inner'))
    child.get('/theirs', { middlewares: [named('')] }, async function theirs () {})
  })
  await app.ready()
  app.routes.add(get('/late', async function late () {}, { middlewares: [named('own')] }))

  const list = app.routes.list().filter(({ method }) => method === 'GET')
    .map(({ path, middlewares, handler }) => [path, ...middlewares, handler].join(' '))
  t.same(list.sort(), ['/late outer own late', '/sub/x outer inner own ours', '/theirs outer inner anonymous theirs'])
  t.same(app.middlewares.map(({ name }) => name), ['outer'])
})
