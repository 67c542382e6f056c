/** Routes added while the app runs: as good as those that were there at the start. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import bundle, {
  del, get, HTTPForbidden, jsonResponse, post, put, Response, route, RouteTableDef, staticFiles, View, view,
  type Middleware
} from '../../../app.ts'
import { build } from '../../helper.ts'
import { ask, started } from './live-helper.ts'

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
