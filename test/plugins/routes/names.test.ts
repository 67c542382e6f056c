/** Names, URLs from them, the list of routes, and what is refused. */

import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { get, jsonResponse, staticFiles, View } from '../../../app.ts'
import { buildRoutes, labelled } from './helper.ts'

t.test('urlFor() builds the URL of a named route', async t => {
  const app = await buildRoutes(t)
  app.addGet('/user/{id}', labelled('user'), { name: 'user' })
  app.addGet('/list', labelled('list'), { name: 'user-list' })

  t.equal(app.urlFor('user', { id: 'a b' }), '/user/a%20b')
  t.equal(app.urlFor('user-list'), '/list')
  t.equal(app.urlFor('user-list', {}, { query: { a: 'x y', b: [1, true] } }), '/list?a=x+y&b=1&b=true')
  t.equal(app.urlFor('user-list', {}, { query: [['a', 'ü'], ['a', '&']] }), '/list?a=%C3%BC&a=%26')
  t.equal(app.urlFor('user-list', {}, { query: new URLSearchParams('a=1') }), '/list?a=1')
  t.throws(() => app.urlFor('nobody'), { code: 'AIO_ERR_ROUTE_UNKNOWN' })
  t.throws(() => app.urlFor('user'), { code: 'AIO_ERR_ROUTE_PARAMS' })
  t.throws(() => app.urlFor('user-list', {}, { query: { a: {} as never } }), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => app.urlFor('user-list', {}, { querry: {} } as never), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})

t.test('names are identifiers, and nobody else\'s', async t => {
  const app = await buildRoutes(t)
  const add = (name: string, path = '/x') => () => app.addPost(path, labelled('x'), { name })

  for (const name of ['', 'a b', '1a', 'a..b', 'a/b']) t.throws(add(name), { code: 'AIO_ERR_ROUTE_NAME' }, name)
  for (const name of ['a.b:c-d', 'class', 'münchen']) t.doesNotThrow(add(name), name)
  t.throws(add('class', '/y'), { code: 'AIO_ERR_ROUTE_NAME' })
})

t.test('a route that could never run is refused, as long as it is the last path', async t => {
  const app = await buildRoutes(t)
  app.addGet('/x', labelled('x'))
  t.throws(() => app.addHead('/x', labelled('x')), { code: 'AIO_ERR_ROUTE_DUPLICATE' })
  app.addRoute('*', '/y', labelled('y'))
  t.throws(() => app.addPost('/y', labelled('y')), { code: 'AIO_ERR_ROUTE_DUPLICATE' })
})

t.test('nothing can be added once the app is ready', async t => {
  const app = await buildRoutes(t)
  await app.ready()

  t.throws(() => app.addGet('/', labelled('x')), { code: 'AIO_ERR_APP_FROZEN' })
  t.throws(() => app.addSubapp('/x', async () => {}), { code: 'AIO_ERR_APP_FROZEN' })
  t.throws(() => app.addDomain('x.example', async () => {}), { code: 'AIO_ERR_APP_FROZEN' })
})

t.test('what is no list of routes is refused', async t => {
  const app = await buildRoutes(t)
  for (const routes of [null, 7, get('/', labelled('x')), [null], [() => {}], [{ kind: 'other' }]]) {
    t.throws(() => app.addRoutes(routes as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  }
})

t.test('files need the static plugin', async t => {
  const app = await buildRoutes(t)
  t.throws(() => app.addRoutes([staticFiles('/x', import.meta.dirname)]), { code: 'AIO_ERR_ARGUMENT_INVALID' })
})

t.test('routes.list() tells all routes, ours first', async t => {
  const app = await buildRoutes(t)
  app.get('/fastify', async function plain () {})
  app.addPost('/user/{id:\\d+}', async function save () {}, { name: 'save' })
  app.addSubapp('/sub', async sub => sub.addView('/view', class Item extends View {}))
  app.addDomain('a.example', async sub => { sub.get('/own', async () => 'own') })
  await app.ready()

  const list = app.routes.list().map(({ method, path, name, domain, handler, kind }) =>
    [method, path, name, domain, handler, kind].join(' '))
  t.same(list, [
    'POST /user/{id:\\d+} save  save aiohttp',
    '* /sub/view   Item aiohttp',
    'GET /fastify   plain fastify',
    'HEAD /fastify   plain fastify',
    'GET /own  a.example  fastify',
    'HEAD /own  a.example  fastify'
  ])
})

t.test('routes.resolves() tells whether a request would find another path', async t => {
  const app = await buildRoutes(t)
  app.addGet('/ours/{x}', async ({ server, ...rest }: FastifyRequest) => rest)
  app.get('/theirs/:x', async () => 'x')
  app.addSubapp('/sub', async sub => sub.addPost('/x', labelled('x')))
  app.addGet('/ask', async (request: FastifyRequest<{ Querystring: { path: string } }>) =>
    jsonResponse(app.routes.resolves(request, request.query.path)))

  const ask = async (path: string) => (await app.inject({ url: '/ask', query: { path } })).json()
  for (const path of ['/ours/1', '/theirs/1', '/ours/%C3%BC', '/ask']) t.equal(await ask(path), true, path)
  for (const path of ['/ours/', '/nothing', '/sub/x', '/sub/y']) t.equal(await ask(path), false, path)
})
