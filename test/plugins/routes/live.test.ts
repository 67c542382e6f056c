/** Routes that come and go while the app runs. */

import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyRequest, InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import bundle, {
  del, get, HTTPForbidden, jsonResponse, post, put, Response, route, RouteTableDef, staticFiles, View, view,
  WebSocketResponse, type AnyRouteDef, type Middleware, type RoutesChange
} from '../../../app.ts'
import { build } from '../../helper.ts'

async function started (t: Test, prepare: (app: FastifyInstance) => unknown = () => {}): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(bundle)
  await prepare(app)
  await app.ready()
  return app
}

async function ask (app: FastifyInstance, method: string, url: string, options: InjectOptions = {}) {
  const { statusCode, body, headers } = await app.inject({ ...options, method: method as 'GET', url })
  return { status: statusCode, body, headers }
}

t.test('a route is there at once, with its name, HEAD, 405 and its place in the list, and gone at once', async t => {
  const app = await started(t)
  t.equal((await ask(app, 'GET', '/items/1')).status, 404)

  const handle = app.routes.add(get('/items/{id:\\d+}', async request => jsonResponse(request.matchInfo), { name: 'item' }))

  t.equal((await ask(app, 'GET', '/items/1')).body, '{"id":"1"}')
  t.match(await ask(app, 'HEAD', '/items/1'), { status: 200, body: '' })
  t.match(await ask(app, 'POST', '/items/1'), { status: 405, headers: { allow: 'GET,HEAD' } })
  t.equal(app.urlFor('item', { id: 7 }), '/items/7')
  t.match(app.routes.list().filter(({ live }) => live), [
    { method: 'GET', path: '/items/{id:\\d+}', name: 'item', kind: 'aiohttp', live: true },
    { method: 'HEAD' }
  ])

  handle.remove()

  t.equal((await ask(app, 'GET', '/items/1')).status, 404)
  t.equal((await ask(app, 'POST', '/items/1')).status, 404)
  t.throws(() => app.urlFor('item', { id: 7 }), { code: 'AIO_ERR_ROUTE_UNKNOWN' })
  t.same(app.routes.list().filter(({ live }) => live), [])
  t.throws(() => handle.remove(), { code: 'AIO_ERR_ROUTE_REMOVED' })
  t.throws(() => handle.replace(get('/x', async () => 'x')), { code: 'AIO_ERR_ROUTE_REMOVED' })
})

t.test('a live route has the hooks, the order and the answers of one that was there at start', async t => {
  const log: string[] = []
  const note = (name: string) => async () => { log.push(name) }
  const def = (path: string) => post(path, async request => {
    log.push('handler')
    return { got: request.body, query: request.query, extra: true }
  }, {
    schema: {
      body: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
      querystring: { type: 'object', properties: { q: { type: 'number' } } },
      headers: { type: 'object', properties: { 'X-Count': { type: 'integer' } } },
      response: { 200: { type: 'object', properties: { got: { $ref: 'shared#' }, query: {} } } }
    },
    onRequest: [note('onRequest 1'), (_request, _reply, done) => { log.push('onRequest 2'); done() }],
    preParsing: async (_request, _reply, payload) => { log.push('preParsing'); return payload },
    preValidation: note('preValidation'),
    preHandler: note('preHandler'),
    preSerialization: async (_request, _reply, payload) => { log.push('preSerialization'); return payload },
    onSend: async (_request, _reply, payload) => { log.push('onSend'); return `${String(payload)}!` },
    onError: note('onError'),
    onResponse: note('onResponse')
  })
  const app = await started(t, app => {
    app.addSchema({ $id: 'shared', type: 'object', properties: { n: { type: 'integer' } } })
    app.addHook('onRequest', note('app onRequest'))
    app.addHook('onSend', note('app onSend'))
    app.addRoutes([def('/start')])
  })
  app.routes.add(def('/live'))

  for (const options of [
    { payload: { n: '7', m: 1 }, query: { q: '2' } },
    { payload: { m: 1 } },
    { payload: { n: 1 }, query: { q: 'x' } },
    { payload: { n: 1 }, headers: { 'x-count': 'x' } },
    { payload: '{', headers: { 'content-type': 'application/json' } },
    { payload: '<a/>', headers: { 'content-type': 'application/xml' } }
  ]) {
    const answers = []
    for (const path of ['/start', '/live']) {
      log.length = 0
      const { status, body, headers } = await ask(app, 'POST', path, options)
      answers.push({ status, body, type: headers['content-type'], log: [...log] })
    }
    t.same(answers[1], answers[0])
  }
})

t.test('hooks of the app see the options of the live route from the beginning', async t => {
  const app = await started(t, app => {
    app.addHook('onRequest', async request => {
      if (Reflect.get(request.routeOptions.config, 'secret') === true) throw new HTTPForbidden()
    })
    app.get('/start', async request => request.routeOptions.url)
  })
  app.routes.add(get('/secret', async () => 'secret', { config: { secret: true } as object }))
  app.routes.add(get('/open', async request => request.routeOptions.url))

  t.equal((await ask(app, 'GET', '/secret')).status, 403)
  t.equal((await ask(app, 'GET', '/open')).body, '/open')
  t.equal((await ask(app, 'GET', '/start')).body, '/start')
})

t.test('a live route has its own limit, error handler, validation errors and level of logging', async t => {
  const app = await started(t)
  const schema = { body: {} }
  app.routes.add(post('/small', async request => request.body, { bodyLimit: 10, schema }))
  app.routes.add(post('/large', async request => String(request.body).length, { bodyLimit: 3 * 1024 ** 2, schema }))
  app.routes.add(get('/fails', async () => { throw new Error('no') }, {
    errorHandler: async (error, _request, reply) => reply.code(418).send(`handled ${error.message}`)
  }))
  app.routes.add(get('/attached', async request => request.validationError?.message ?? 'none', {
    attachValidation: true, schema: { querystring: { type: 'object', required: ['q'] } }
  }))
  const text = { 'content-type': 'text/plain' }

  t.equal((await ask(app, 'POST', '/small', { payload: '12345', headers: text })).status, 200)
  t.equal((await ask(app, 'POST', '/small', { payload: '12345678901', headers: text })).status, 413)
  t.equal((await ask(app, 'POST', '/large', { payload: 'x'.repeat(2 * 1024 ** 2), headers: text })).body, String(2 * 1024 ** 2))
  t.match(await ask(app, 'GET', '/fails'), { status: 418, body: 'handled no' })
  t.match(await ask(app, 'GET', '/attached'), { body: /must have required property 'q'/ })
})

t.test('a live route logs at its own level', async t => {
  const lines: string[] = []
  const app = build(t, { logger: { level: 'info', stream: { write: (line: string) => { lines.push(line) } } } })
  await app.register(bundle)
  await app.ready()
  const handler = (request: FastifyRequest) => {
    request.log.debug(`debug of ${request.url}`)
    return 'ok'
  }
  app.routes.add([get('/debug', handler, { logLevel: 'debug' }), get('/info', handler)])
  t.throws(() => app.routes.add(get('/loud', handler, { logLevel: 'loud' as never })), { code: 'AIO_ERR_ROUTE_OPTION' })

  await ask(app, 'GET', '/debug')
  await ask(app, 'GET', '/info')

  t.ok(lines.some(line => line.includes('debug of /debug')))
  t.notOk(lines.some(line => line.includes('debug of /info')))
})

t.test('bodies are left to the handler, as with other routes in aiohttp\'s words', async t => {
  const app = await started(t)
  app.routes.add(post('/form', async request => String((await request.post()).get('a'))))
  app.routes.add(post('/json', async request => jsonResponse(await request.json())))

  const form = { payload: 'a=7', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  t.equal((await ask(app, 'POST', '/form', form)).body, '7')
  t.equal((await ask(app, 'POST', '/json', { payload: { a: 1 } })).body, '{"a":1}')
})

t.test('all kinds of definitions can be added: lists, tables, views, any method, folders', async t => {
  class Item extends View {
    async get () { return new Response({ text: 'viewed' }) }
  }
  const table = new RouteTableDef()
  table.put('/table')(async () => 'put')
  const app = await started(t)
  const folder = t.testdir({ 'a.txt': 'text' })

  const handle = app.routes.add([
    ...table, view('/view', Item), route('*', '/any', async request => request.method), del('/gone', async () => ''),
    staticFiles('/files', folder)
  ])

  t.equal((await ask(app, 'PUT', '/table')).body, 'put')
  t.equal((await ask(app, 'GET', '/view')).body, 'viewed')
  t.equal((await ask(app, 'POST', '/view')).status, 405)
  t.equal((await ask(app, 'PATCH', '/any')).body, 'PATCH')
  t.equal((await ask(app, 'GET', '/files/a.txt')).body, 'text')
  t.equal((await ask(app, 'GET', '/files/b.txt')).status, 404)
  t.equal((await ask(app, 'POST', '/files/a.txt')).status, 405)
  handle.remove()
  t.equal((await ask(app, 'GET', '/files/a.txt')).status, 404)
})

t.test('middlewares of the app and of the route stand around a live route', async t => {
  const log: string[] = []
  const named = (name: string): Middleware => async (request, handler) => {
    log.push(name)
    const response = await handler(request)
    response.headers.set(`x-${name}`, 'yes')
    return response
  }
  const app = await started(t, app => app.addMiddleware(named('outer')))
  app.routes.add(get('/inside', async () => ({ plain: true }), { middlewares: [named('inner')] }))

  const { body, headers } = await ask(app, 'GET', '/inside')

  t.same(log, ['outer', 'inner'])
  t.equal(body, '{"plain":true}')
  t.match(headers, { 'x-outer': 'yes', 'x-inner': 'yes' })
})

t.test('CORS of a live route answers preflights, and again after it was removed and added', async t => {
  const app = await started(t)
  const def = put('/shared', async () => 'ok', { config: { cors: { 'https://a.example': { allowHeaders: ['x-a'] } } } })
  const headers = { origin: 'https://a.example', 'access-control-request-method': 'PUT' }

  for (let round = 0; round < 2; round++) {
    const handle = app.routes.add(def)
    t.match(await ask(app, 'OPTIONS', '/shared', { headers }), {
      status: 200, headers: { 'access-control-allow-origin': 'https://a.example' }
    })
    t.match(await ask(app, 'PUT', '/shared', { headers: { origin: 'https://a.example' } }), {
      body: 'ok', headers: { 'access-control-allow-origin': 'https://a.example' }
    })
    handle.remove()
    t.equal((await ask(app, 'OPTIONS', '/shared', { headers })).status, 404)
  }
})

t.test('sub-applications and domains take live routes, with their own hooks', async t => {
  const log: string[] = []
  const contexts: FastifyInstance[] = []
  const app = await started(t, app => {
    app.addSubapp('/admin', async admin => {
      contexts.push(admin)
      admin.addHook('onRequest', async () => { log.push('admin') })
    })
    app.addDomain('api.example', async api => { contexts.push(api) })
    app.register(async child => { contexts.push(child) })
  })
  const [admin, api, child] = contexts
  admin!.routes.add(get('/users', async () => 'users', { name: 'users' }))
  api!.routes.add(get('/', async () => 'api'))

  t.equal((await ask(app, 'GET', '/admin/users')).body, 'users')
  t.equal((await ask(app, 'GET', '/admin/none')).status, 404)
  t.same(log, ['admin', 'admin'])
  t.equal(admin!.urlFor('users'), '/admin/users')
  t.equal((await ask(app, 'GET', '/', { headers: { host: 'api.example' } })).body, 'api')
  t.equal((await ask(app, 'GET', '/')).status, 404)
  t.throws(() => child!.routes.add(get('/x', async () => 'x')), { code: 'AIO_ERR_ROUTE_CONTEXT' })
})

t.test('what cannot be added is an error with a code, and nothing of it is there', async t => {
  const app = await started(t, app => {
    app.get('/native/:id', async () => 'native')
    app.addGet('/start', async () => 'start', { name: 'start' })
    app.addGet('/start/{id}', async () => 'one')
    app.addSubapp('/sub', async () => {})
  })
  app.routes.add(get('/live', async () => 'live', { name: 'live' }))
  const ok = async () => 'ok'
  const cases: [name: string, code: string, make: () => unknown][] = [
    ['the same live route', 'AIO_ERR_ROUTE_DUPLICATE', () => get('/live', ok)],
    ['the same route of the start', 'AIO_ERR_ROUTE_DUPLICATE', () => get('/start', ok)],
    ['another name for the same variable', 'AIO_ERR_ROUTE_DUPLICATE', () => get('/start/{other}', ok)],
    ['a path Fastify gives to another', 'AIO_ERR_ROUTE_SHADOWED', () => get('/start/new', ok)],
    ['a path of Fastify\'s own', 'AIO_ERR_ROUTE_SHADOWED', () => get('/native/{x}', ok)],
    ['a path in a sub-application', 'AIO_ERR_ROUTE_SHADOWED', () => get('/sub/x', ok)],
    ['a taken name', 'AIO_ERR_ROUTE_NAME', () => get('/other', ok, { name: 'start' })],
    ['a taken live name', 'AIO_ERR_ROUTE_NAME', () => get('/other', ok, { name: 'live' })],
    ['a name that is none', 'AIO_ERR_ROUTE_NAME', () => get('/other', ok, { name: '!' })],
    ['a schema that is none', 'AIO_ERR_ROUTE_SCHEMA', () => get('/other', ok, { schema: { querystring: { type: 'x' } } })],
    ['a reference to nothing', 'AIO_ERR_ROUTE_SCHEMA', () => post('/other', ok, { schema: { body: { $ref: 'none#' } } })],
    ['a response of no status', 'AIO_ERR_ROUTE_SCHEMA', () => get('/other', ok, { schema: { response: { ok: {} } } })],
    ['a path that is none', 'AIO_ERR_ROUTE_PATH', () => get('other', ok)],
    ['a method that is none', 'AIO_ERR_ROUTE_METHOD', () => route('G T', '/other', ok)],
    ['a method nobody added', 'AIO_ERR_ROUTE_METHOD', () => route('BREW', '/other', ok)],
    ['a limit that is none', 'AIO_ERR_ROUTE_OPTION', () => post('/other', ok, { bodyLimit: -1 })],
    ['a hook that is none', 'AIO_ERR_ROUTE_OPTION', () => get('/other', ok, { preHandler: 'x' as never })],
    ['an option Fastify reads too early', 'AIO_ERR_ROUTE_OPTION', () => get('/other', ok, { handlerTimeout: 5 })],
    ['a policy that is none', 'AIO_ERR_OPTION_INVALID', () => get('/other', ok, { config: { cors: { nowhere: {} } } })],
    ['a folder that is none', 'AIO_ERR_ARGUMENT_INVALID', () => staticFiles('/other', '/nowhere')],
    ['no definition', 'AIO_ERR_ARGUMENT_INVALID', () => 7],
    ['a list of none', 'AIO_ERR_ARGUMENT_INVALID', () => [7]]
  ]
  const before = app.routes.list()

  for (const [name, code, make] of cases) {
    t.throws(() => {
      const def = make() as AnyRouteDef
      app.routes.add(typeof def === 'object' ? [get('/more', ok), post('/more', ok), def].flat() : def)
    }, { code }, name)
    t.same(app.routes.list(), before, name)
  }
  for (const path of ['/other', '/more']) t.equal((await ask(app, 'GET', path)).status, 404)
  t.equal((await ask(app, 'GET', '/live')).body, 'live')
})

t.test('a route of the start stays: its handle cannot remove it', async t => {
  const app = build(t)
  await app.register(bundle)
  const handle = app.routes.add(get('/start', async () => 'start'))
  await app.ready()

  t.equal((await ask(app, 'GET', '/start')).body, 'start')
  t.throws(() => handle.remove(), { code: 'AIO_ERR_ROUTE_FIXED' })
  t.throws(() => handle.replace(get('/x', async () => 'x')), { code: 'AIO_ERR_ROUTE_FIXED' })
})

t.test('a receiver of onStartup can add routes, which can be removed', async t => {
  const app = await started(t, app => {
    app.onStartup(async () => {
      app.routes.add(get('/from-startup', async () => 'here'))
      app.addGet('/in-aiohttps-words', async () => 'there')
    })
  })

  t.equal((await ask(app, 'GET', '/from-startup')).body, 'here')
  t.equal((await ask(app, 'GET', '/in-aiohttps-words')).body, 'there')
  t.equal((await ask(app, 'HEAD', '/in-aiohttps-words')).status, 200)
})

t.test('replace() gives the new route or, when it throws, keeps the old one', async t => {
  const app = await started(t)
  const handle = app.routes.add(get('/a', async () => 'first', { name: 'a' }))

  handle.replace(get('/a', async () => 'second', { name: 'a' }))
  t.equal((await ask(app, 'GET', '/a')).body, 'second')

  t.throws(() => handle.replace([get('/a', async () => 'third'), get('/a', async () => 'again')]), {
    code: 'AIO_ERR_ROUTE_DUPLICATE'
  })
  t.equal((await ask(app, 'GET', '/a')).body, 'second')
  t.equal(app.urlFor('a'), '/a')
  handle.remove()
  t.equal((await ask(app, 'GET', '/a')).status, 404)
})

t.test('listeners hear of every change, and the fault of one is its own', async t => {
  const app = await started(t)
  const changes: RoutesChange[] = []
  app.routes.onChange(() => { throw new Error('mine') })
  const stop = app.routes.onChange(change => { changes.push(change) })
  t.throws(() => app.routes.onChange('x' as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  const schema = { body: { type: 'object' } }

  const handle = app.routes.add(post('/a', async () => 'a', { schema }))
  handle.replace(post('/b', async () => 'b'))
  handle.remove()
  stop()
  app.routes.add(post('/c', async () => 'c'))

  t.match(changes, [
    { added: [{ path: '/a', schema }], removed: [] },
    { added: [{ path: '/b' }], removed: [{ path: '/a' }] },
    { added: [], removed: [{ path: '/b' }] }
  ])
  t.equal(changes.length, 3)
})

t.test('a request that is in a removed route finishes; the next one on its connection is 404', async t => {
  const app = await started(t)
  let finish = () => {}
  let entered = () => {}
  const inside = new Promise<void>(resolve => { entered = resolve })
  const handle = app.routes.add(get('/slow', async () => {
    entered()
    await new Promise<void>(resolve => { finish = resolve })
    return 'done'
  }, { onSend: async (_request, _reply, payload) => `${String(payload)} with hooks` }))
  await app.listen({ port: 0 })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())

  const first = fetchWith(app, agent, '/slow')
  await inside
  handle.remove()
  finish()

  t.same(await first, { status: 200, body: 'done with hooks' })
  t.match(await fetchWith(app, agent, '/slow'), { status: 404 })
})

t.test('a websocket can be the answer of a live route', async t => {
  const app = await started(t)
  app.routes.add(get('/ws', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    await ws.sendStr(ws.route)
    await ws.close()
    return ws
  }))
  await app.listen({ port: 0 })

  const client = new WebSocket(`ws://127.0.0.1:${portOf(app)}/ws`)
  const [message] = await once(client, 'message')
  t.equal(String(message), '/ws')
  await once(client, 'close')
})

t.test('ten thousand live routes: found, named and told apart', async t => {
  const app = await started(t)
  const definitions = Array.from({ length: 10_000 }, (_, index) =>
    get(`/part${index}/{id}`, async request => String(request.matchInfo.id), { name: `part${index}`, allowHead: false }))
  const handle = app.routes.add(definitions)
  const one = app.routes.add(post('/part9999/{id}', async () => 'posted'))

  t.equal((await ask(app, 'GET', '/part9999/x')).body, 'x')
  t.equal((await ask(app, 'POST', '/part9999/x')).body, 'posted')
  t.match(await ask(app, 'PUT', '/part9999/x'), { status: 405, headers: { allow: 'GET,POST' } })
  t.equal(app.urlFor('part5000', { id: 1 }), '/part5000/1')
  one.remove()
  handle.remove()
  t.equal((await ask(app, 'GET', '/part9999/x')).status, 404)
})

t.test('a thousand additions, replacements and removals under load: no answer is lost or wrong', async t => {
  const app = await started(t, app => app.addGet('/steady', async () => 'steady'))
  const kept = app.routes.add(get('/kept', async () => 'kept 0'))
  await app.listen({ port: 0 })
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.teardown(() => agent.destroy())
  const over = new AbortController()
  const answers = new Map<string, number>()
  const load = Array.from({ length: 8 }, async () => {
    for (let index = 0; !over.signal.aborted; index++) {
      const path = ['/steady', '/kept', '/passing/1'][index % 3]!
      const { status, body } = await fetchWith(app, agent, path)
      const kind = `${path} ${status} ${body.replace(/\d+$/, '')}`
      answers.set(kind, (answers.get(kind) ?? 0) + 1)
    }
  })

  for (let round = 0; round < 1000; round++) {
    const passing = app.routes.add(get('/passing/{id}', async () => 'passing'))
    if (round % 3 === 0) await new Promise(resolve => setImmediate(resolve))
    kept.replace(get('/kept', async () => `kept ${round}`))
    passing.remove()
    if (round % 3 === 1) await new Promise(resolve => setImmediate(resolve))
  }
  over.abort()
  await Promise.all(load)

  const allowed = ['/steady 200 steady', '/kept 200 kept ', '/passing/1 200 passing', '/passing/1 404 404: Not Found']
  t.same([...answers.keys()].filter(kind => !allowed.includes(kind)), [])
  t.ok(answers.get('/steady 200 steady'))
})

function portOf (app: FastifyInstance): number {
  return (app.server.address() as AddressInfo).port
}

async function fetchWith (app: FastifyInstance, agent: Agent, path: string): Promise<{ status: number, body: string }> {
  const request = httpRequest({ port: portOf(app), host: '127.0.0.1', path, agent }).end()
  const [response] = await once(request, 'response')
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode, body }
}

t.test('an app that leaves bodies to its handlers leaves them to live routes and plugins, too', async t => {
  const app = await started(t, app => app.lazyBodies())
  app.routes.add(post('/form', async request => jsonResponse([...await request.post()])))
  await app.routes.plug('/own', async own => {
    own.addContentTypeParser('text/own', { parseAs: 'string' }, async (_request: FastifyRequest, body: string) => `own ${body}`)
    own.post('/body', async request => request.body)
  })

  const form = { payload: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  t.match(await ask(app, 'POST', '/form', form), { status: 200, body: '[["a","1"]]' })
  const own = { payload: 'text', headers: { 'content-type': 'text/own' } }
  t.match(await ask(app, 'POST', '/own/body', own), { status: 200, body: 'own text' })
})
