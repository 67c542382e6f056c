/** Adding what cannot be, removing, replacing, and changes under load. */

import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import bundle, {
  get, jsonResponse, post, route, staticFiles, WebSocketResponse, type AnyRouteDef, type RoutesChange
} from '../../../app.ts'
import { build } from '../../helper.ts'
import { ask, started } from './live-helper.ts'

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
