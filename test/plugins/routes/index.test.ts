/** Routes in aiohttp's words, beside those of Fastify. */

import type { FastifyRequest } from 'fastify'
import t from 'tap'
import bundle, {
  get, HTTPFound, HTTPNotFound, jsonResponse, post, Response, RouteTableDef, staticFiles, view, View
} from '../../../app.ts'
import { build } from '../../helper.ts'
import { buildRoutes, jsonRoute, labelled } from './helper.ts'

t.test('addRoutes() adds whatever can be listed', async t => {
  const app = await buildRoutes(t)
  const table = new RouteTableDef()
  table.get('/table')(labelled('table'))
  app.addRoutes([get('/', labelled('list')), post('/{id}', labelled('post'))])
  app.addRoutes(table)
  app.addRoutes(new Set([get('/set', labelled('set'))]))

  t.same((await app.inject('/')).json(), { label: 'list', match: {} })
  t.same((await app.inject({ method: 'POST', url: '/7' })).json(), { label: 'post', match: { id: '7' } })
  t.equal((await app.inject('/table')).json().label, 'table')
  t.equal((await app.inject('/set')).json().label, 'set')
  t.equal((await app.inject({ method: 'HEAD', url: '/set' })).statusCode, 200)
})

t.test('the shortcuts add a route for their method', async t => {
  const app = await buildRoutes(t)
  const handler = labelled('x')
  app.addGet('/get', handler)
  app.addGet('/no-head', handler, { allowHead: false })
  app.addHead('/head', handler)
  app.addPost('/post', handler)
  app.addPut('/put', handler)
  app.addPatch('/patch', handler)
  app.addDelete('/delete', handler)
  app.addOptions('/options', handler)
  app.addRoute('GET', '/route', handler)

  const allow = async (url: string) => (await app.inject({ method: 'TRACE', url })).headers.allow
  t.equal(await allow('/get'), 'GET,HEAD')
  t.equal(await allow('/no-head'), 'GET')
  t.equal(await allow('/route'), 'GET')
  for (const name of ['head', 'post', 'put', 'patch', 'delete', 'options']) {
    t.equal(await allow(`/${name}`), name.toUpperCase())
  }
})

t.test('any method means those that Fastify does not know, too', async t => {
  const app = await buildRoutes(t)
  app.addGet('/any', labelled('get'))
  app.addRoute('*', '/any', labelled('any'))
  app.addRoute('PROPFIND', '/dav', labelled('dav'))

  for (const method of ['POST', 'PURGE', 'PROPFIND', 'OPTIONS'] as const) {
    t.equal((await app.inject({ method: method as 'GET', url: '/any' })).json().label, 'any', method)
  }
  t.equal((await app.inject('/any')).json().label, 'get')
  t.equal((await app.inject({ method: 'PROPFIND' as 'GET', url: '/dav' })).json().label, 'dav')
  t.equal((await app.inject('/dav')).headers.allow, 'PROPFIND')
})

t.test('a class of views answers with its methods, and 405 with Allow for the others', async t => {
  class Item extends View {
    async get () { return jsonResponse({ id: this.request.matchInfo.id, url: this.request.url }) }
    async post () { throw new HTTPFound('/there') }
    delete () { this.reply.code(204).send() }
  }
  const app = await buildRoutes(t)
  app.addView('/items/{id}', Item)
  app.addGet('/one-method', Item)
  app.addRoutes([view('/empty', class extends View {})])

  t.same((await app.inject('/items/7')).json(), { id: '7', url: '/items/7' })
  t.equal((await app.inject({ method: 'POST', url: '/items/7' })).headers.location, '/there')
  t.equal((await app.inject({ method: 'DELETE', url: '/items/7' })).statusCode, 204)
  for (const method of ['PUT', 'HEAD', 'OPTIONS', 'PROPFIND'] as const) {
    const { statusCode, headers } = await app.inject({ method: method as 'PUT', url: '/items/7' })
    t.equal(statusCode, 405)
    t.equal(headers.allow, 'DELETE,GET,POST')
  }
  t.equal((await app.inject({ method: 'POST', url: '/one-method' })).headers.allow, 'GET,HEAD')
  t.equal((await app.inject({ method: 'HEAD', url: '/one-method' })).headers.allow, 'DELETE,GET,POST')
  t.equal((await app.inject('/empty')).headers.allow, '')
})

t.test('plain paths are ordinary routes of Fastify, the others wildcards behind what they begin with', async t => {
  const app = await buildRoutes(t)
  const urls: string[] = []
  app.addHook('onRoute', ({ url, method }) => { if ([method].flat().includes('GET')) urls.push(url) })
  app.addRoutes([
    jsonRoute('GET', '/fixed', '1'),
    jsonRoute('GET', '/user/{id}/posts/{post}', '2'),
    jsonRoute('GET', '/ext/{stem}.{ext}', '3'),
    jsonRoute('GET', '/num/{id:\\d+}', '4'),
    jsonRoute('GET', '/num/{id}', '5'),
    jsonRoute('GET', '/num/x{id:.+}', '6', { config: {} })
  ])
  await app.ready()

  t.same(urls, ['/fixed', '/user/:id/posts/:post', '/ext/*', '/num/*', '/num/x*'], 'those without options share one')
  t.ok(app.hasRoute({ method: 'GET', url: '/user/:id/posts/:post' }))
})

t.test('routes keep what Fastify gives them: hooks, schemas, params, config, error handlers', async t => {
  const app = await buildRoutes(t)
  const log: string[] = []
  app.addHook('onRequest', async () => { log.push('app') })
  for (const path of ['/direct/{id}', '/asked/{id:\\d+}']) {
    app.addGet(path, async (request: FastifyRequest<{ Params: { id: number } }>) => {
      return { id: request.params.id, limit: request.routeOptions.config.clientMaxSize }
    }, {
      config: { clientMaxSize: path.length },
      onRequest: async request => { log.push(`onRequest ${JSON.stringify(request.params)}`) },
      preHandler: [async () => { log.push('preHandler') }],
      schema: { params: { type: 'object', properties: { id: { type: 'integer', maximum: 9 } } } },
      errorHandler: (_error, _request, reply) => reply.code(418).send('own')
    })
  }

  for (const path of ['/direct', '/asked']) {
    const { id, limit } = (await app.inject(`${path}/7`)).json()
    t.equal(id, 7, 'the schema made it a number')
    t.ok(limit > 10)
    t.same(log.splice(0), ['app', 'onRequest {"id":"7"}', 'preHandler'])
    t.equal((await app.inject(`${path}/10`)).statusCode, 418)
    log.length = 0
  }
})

t.test('variables are never empty and have no braces, whatever Fastify\'s router thinks', async t => {
  const app = await buildRoutes(t)
  app.addGet('/user/{id}', labelled('user'))
  app.addPost('/user/{tail:.*}', labelled('tail'))

  t.equal((await app.inject('/user/')).statusCode, 405, 'the tail may be empty')
  t.equal((await app.inject('/user/a%7Bb')).headers.allow, 'POST')
})

t.test('a request that a direct route must not have goes where the table says', async t => {
  const app = await buildRoutes(t)
  app.addGet('/user/{id}', labelled('user'))
  app.addGet('/user/{tail:.*}', labelled('tail'))

  t.same((await app.inject('/user/')).json(), { label: 'tail', match: { tail: '' } })
  t.same((await app.inject('/user/a%7Bb')).json(), { label: 'tail', match: { tail: 'a{b' } })
  t.same((await app.inject('/user/a')).json(), { label: 'user', match: { id: 'a' } })
})

t.test('a route that comes too late for Fastify\'s router is still the one', async t => {
  const app = await buildRoutes(t)
  app.addGet('/{x}/{y}', labelled('first'))
  await app.after()
  app.addGet('/+a/{z:b}', labelled('second'))

  t.same((await app.inject('/+a/b')).json(), { label: 'second', match: { z: 'b' } })
  t.same((await app.inject('/+a/c')).json(), { label: 'first', match: { x: '+a', y: 'c' } })
})

t.test('405 knows the routes of Fastify and ours', async t => {
  const app = await buildRoutes(t)
  app.get('/both', async () => 'fastify')
  app.addPost('/both', labelled('ours'))
  app.addDelete('/{any}', labelled('any'))

  const response = await app.inject({ method: 'PUT', url: '/both' })
  t.equal(response.statusCode, 405)
  t.equal(response.headers.allow, 'DELETE,GET,HEAD,POST')
  t.equal((await app.inject('/nothing/at/all')).statusCode, 404)
})

t.test('a promise of nothing is a fault; whoever sends, or sets a status, is fine', async t => {
  const app = await buildRoutes(t)
  app.addGet('/nothing', async () => {})
  app.addGet('/sent', async (_request, reply) => { reply.send('sent') })
  app.addGet('/status', async (_request, reply) => { reply.code(204) })
  app.addGet('/later', (_request, reply) => { setImmediate(() => reply.send('later')) })
  app.addGet('/response', () => new Response({ text: 'plain' }))

  const { statusCode, body } = await app.inject('/nothing')
  t.equal(statusCode, 500)
  t.equal(body, '500: Internal Server Error')
  t.equal((await app.inject('/sent')).body, 'sent')
  t.equal((await app.inject('/status')).statusCode, 204)
  t.equal((await app.inject('/later')).body, 'later')
  t.equal((await app.inject('/response')).body, 'plain')
})

t.test('routes of a context have its prefix, with the parameters Fastify finds in it', async t => {
  const app = await buildRoutes(t)
  await app.register(async child => {
    child.addGet('', labelled('empty'))
    child.addGet('/plain/{id}', labelled('plain'), { name: 'plain' })
    child.addGet('/digits/{id:\\d+}', labelled('digits'))
  }, { prefix: '/t/:tenant' })

  t.same((await app.inject('/t/a')).json(), { label: 'empty', match: { tenant: 'a' } })
  t.same((await app.inject('/t/a/plain/b')).json(), { label: 'plain', match: { tenant: 'a', id: 'b' } })
  t.same((await app.inject('/t/a/digits/7')).json(), { label: 'digits', match: { tenant: 'a', id: '7' } })
  t.equal((await app.inject('/t/a/digits/x')).statusCode, 404)
  t.equal(app.urlFor('plain', { tenant: 'a', id: 1 }), '/t/a/plain/1')
})

t.test('any number of expressions may follow one text', async t => {
  const app = await buildRoutes(t)
  for (let i = 1; i < 100; i++) app.addRoute(i % 2 ? 'GET' : '*', `/{x:[a-z]{${i}}}`, labelled(String(i)))

  t.equal((await app.inject('/abc')).json().label, '3')
  t.equal((await app.inject({ method: 'POST', url: `/${'x'.repeat(98)}` })).json().label, '98')
  t.equal((await app.inject({ method: 'PURGE' as 'POST', url: '/abcd' })).json().label, '4')
  t.equal((await app.inject({ method: 'POST', url: '/abc' })).headers.allow, 'GET')
  t.equal((await app.inject('/a1')).statusCode, 404)
})

t.test('more than thirty expressions with options behind one text are refused by name', async t => {
  const app = await buildRoutes(t)
  for (let i = 0; i < 32; i++) app.addGet(`/{x:[a-z]{${i}}}`, labelled(String(i)), { config: {} })
  await t.rejects(async () => { await app.ready() }, { code: 'AIO_ERR_ROUTE_LIMIT' })
})

t.test('request.httpException is what a request without a route gets', async t => {
  const app = await buildRoutes(t)
  const seen: unknown[] = []
  app.addHook('preHandler', async request => { seen.push(request.httpException?.statusCode ?? null) })
  app.addGet('/x', labelled('x'))
  app.get('/y', async () => 'y')
  app.addSubapp('/sub', async sub => sub.addPost('/x', labelled('x')))

  for (const url of ['/x', '/y', '/z', '/sub/x', '/sub/y']) await app.inject(url)
  await app.inject({ method: 'POST', url: '/x' })
  t.same(seen, [null, null, 404, 405, 404, 405])
})

t.test('with the bundle, bodies are left to the handlers, but for those a schema checks', async t => {
  const app = build(t)
  await app.register(bundle)
  const handler = async (request: FastifyRequest) =>
    jsonResponse({ body: request.body ?? null, text: await read(request) })
  app.addRoutes([
    post('/lazy', handler),
    post('/checked', async request => jsonResponse({ body: request.body }), { schema: { body: { type: 'object' } } }),
    staticFiles('/files', import.meta.dirname)
  ])
  const send = (url: string, payload: string) => app.inject({
    method: 'POST', url, payload, headers: { 'content-type': 'application/json' }
  })

  t.same((await send('/lazy', '{"a":1}')).json(), { body: null, text: '{"a":1}' })
  t.same((await send('/checked', '{"a":1}')).json(), { body: { a: 1 } })
  t.equal((await send('/checked', '7')).statusCode, 400)
  t.equal((await app.inject('/files/index.test.ts')).statusCode, 200)
})

t.test('exceptions are the same, returned and thrown', async t => {
  const app = await buildRoutes(t)
  app.addGet('/returned', async () => new HTTPNotFound({ text: 'gone' }))
  app.addGet('/thrown', async () => { throw new HTTPNotFound({ text: 'gone' }) })

  for (const url of ['/returned', '/thrown']) {
    const { statusCode, body } = await app.inject(url)
    t.equal(statusCode, 404)
    t.equal(body, 'gone')
  }
})

async function read (request: FastifyRequest): Promise<string> {
  return 'text' in request && typeof request.text === 'function' ? await request.text() : ''
}
