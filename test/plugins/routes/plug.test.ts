/** Whole plugins that come and go while the app runs. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import bundle, { get, type Middleware } from '../../../app.ts'
import { build } from '../../helper.ts'

async function started (t: Test, prepare: (app: FastifyInstance) => unknown = () => {}): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(bundle)
  await prepare(app)
  await app.ready()
  return app
}

t.test('a plugged plugin has what a registered one has, and the app around it none of that', async t => {
  const app = await started(t, app => {
    app.decorate('shared', 'of the app')
    app.addHook('onRequest', async (_request, reply) => { reply.header('x-app', 'yes') })
    app.addSchema({ $id: 'app', type: 'integer' })
  })
  const plugin = async (child: FastifyInstance, { answer }: { answer: number }) => {
    child.decorate('answer', answer)
    child.decorateRequest('user', '')
    child.decorateReply('wave', function (this: FastifyReply) { return this.header('x-wave', 'yes') })
    child.addSchema({ $id: 'own', type: 'object', properties: { n: { type: 'integer' } } })
    child.addContentTypeParser('application/x-own', { parseAs: 'string' }, async (_request: unknown, body: string) => `<${body}>`)
    child.get('/', async function (request, reply) {
      Reflect.apply(Reflect.get(reply, 'wave'), reply, [])
      return [Reflect.get(this, 'answer'), Reflect.get(this, 'shared'), Reflect.get(request, 'user'), request.server === this]
    })
    // After the route, as with Fastify.
    child.addHook('onRequest', async request => { Reflect.set(request, 'user', 'me') })
    child.post('/:id/*', async request => ({ params: request.params, body: request.body }))
    child.post('/checked', { schema: { body: { $ref: 'own#' }, querystring: { type: 'object', properties: { q: { $ref: 'app#' } } } } },
      async request => [request.body, request.query])
    child.addGet('/aio/{x}', async request => request.matchInfo.x, { name: 'aio' })
  }

  const handle = await app.routes.plug('/plug', plugin, { answer: 42 })

  const root = await app.inject('/plug')
  t.same(root.json(), [42, 'of the app', 'me', true])
  t.match(root.headers, { 'x-app': 'yes', 'x-wave': 'yes' })
  t.equal((await app.inject('/plug/')).statusCode, 200)
  const own = { method: 'POST', url: '/plug/7/a/b', payload: 'hi', headers: { 'content-type': 'application/x-own' } } as const
  t.same((await app.inject(own)).json(), { params: { id: '7', '*': 'a/b' }, body: '<hi>' })
  const checked = { method: 'POST', url: '/plug/checked?q=3', payload: { n: '5' } } as const
  t.same((await app.inject(checked)).json(), [{ n: 5 }, { q: 3 }])
  t.equal((await app.inject({ ...checked, payload: { n: 'x' } })).statusCode, 400)
  t.equal((await app.inject('/plug/aio/7')).body, '7')
  t.equal(app.urlFor('aio', { x: 1 }), '/plug/aio/1')
  t.equal((await app.inject({ method: 'DELETE', url: '/plug/aio/7' })).headers.allow, 'GET,HEAD,POST')
  t.equal(handle.prefix, '/plug')
  t.match(handle.routes.map(({ path, kind }) => `${path} ${kind}`), ['/plug fastify'])
  t.notOk(app.hasDecorator('answer'))
  t.notOk(app.hasRequestDecorator('user'))

  await handle.remove()
  for (const url of ['/plug', '/plug/aio/7']) t.equal((await app.inject(url)).statusCode, 404)
  t.throws(() => handle.remove(), { code: 'AIO_ERR_ROUTE_REMOVED' })
  await (await app.routes.plug('/plug', plugin, { answer: 43 })).remove()
})

t.test('contexts inside of it are encapsulated, plugins that extend it are not', async t => {
  const app = await started(t)
  const log: string[] = []
  await app.routes.plug('/outer', async child => {
    await child.register(fp(async extended => {
      extended.decorate('extended', 'yes')
      extended.addHook('onRequest', async () => { log.push('extended') })
    }, { name: 'extending' }))
    t.ok(child.hasDecorator('extended'), 'loaded when register() was awaited')
    child.register((inner, _options, done) => {
      inner.decorate('inner', 'yes')
      inner.addHook('preHandler', async () => { log.push('inner') })
      inner.setErrorHandler(async (error: Error, _request, reply) => reply.code(418).send(error.message))
      inner.get('/fails', async () => { throw new Error('inner fault') })
      done()
    }, { prefix: '/inner' })
    child.register(fp(async () => {}, { name: 'dependent', dependencies: ['extending'] }))
    child.after(() => { t.notOk(child.hasDecorator('inner')) })
    child.get('/fails', async () => { throw new Error('outer fault') })
  })

  t.match(await app.inject('/outer/inner/fails'), { statusCode: 418, body: 'inner fault' })
  t.same(log, ['extended', 'inner'])
  t.equal((await app.inject('/outer/fails')).statusCode, 500, 'the error handler of the app')
})

t.test('middlewares, CORS and limits of a plugged plugin are its own', async t => {
  const app = await started(t)
  const mark: Middleware = async (request, handler) => {
    const response = await handler(request)
    response.headers.set('x-mark', 'yes')
    return response
  }
  await app.routes.plug('/own', async child => {
    child.addMiddleware(mark)
    child.addGet('/a', async () => 'a', { config: { cors: { 'https://a.example': {} } } })
    child.get('/b', async () => 'b')
  })

  t.equal((await app.inject('/own/b')).headers['x-mark'], 'yes')
  const headers = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
  const preflight = await app.inject({ method: 'OPTIONS', url: '/own/a', headers })
  t.match(preflight, { statusCode: 200, headers: { 'access-control-allow-origin': 'https://a.example' } })
  t.notOk((await app.inject('/own/none')).headers['x-mark'])
})

t.test('its cleanup runs when its last request has ended, in reverse; its websockets are told goodbye', async t => {
  const log: string[] = []
  const app = await started(t)
  let finish = () => {}
  const handle = await app.routes.plug('/p', async child => {
    child.cleanupContext(async function * database () {
      log.push('open')
      yield
      log.push('closed')
    })
    child.onShutdown(async () => { log.push('onShutdown') })
    child.addHook('onClose', async () => { log.push('onClose') })
    child.get('/slow', async () => {
      log.push('in')
      await new Promise<void>(resolve => { finish = resolve })
      log.push('out')
      return 'done'
    })
    child.websocket('/ws', async ws => { for await (const message of ws) await ws.sendStr(String(message.data)) })
  })
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}/p/ws`)
  await once(client, 'open')
  client.send('echo')
  t.equal(String((await once(client, 'message'))[0]), 'echo')
  const answer = fetch(`http://127.0.0.1:${port}/p/slow`)
  while (!log.includes('in')) await new Promise(resolve => setImmediate(resolve))
  const closed = once(client, 'close')

  const removal = handle.remove()
  t.equal((await app.inject('/p/slow')).statusCode, 404)
  t.equal((await closed)[0], 1001)
  t.notOk(log.includes('closed'))
  finish()
  t.equal(await (await answer).text(), 'done')
  await removal

  t.same(log, ['open', 'in', 'onShutdown', 'out', 'onClose', 'closed'])
})

t.test('requests that stay are named when the time is over, and the cleanup runs', async t => {
  const lines: string[] = []
  const app = build(t, { logger: { level: 'warn', stream: { write: (line: string) => { lines.push(line) } } } })
  await app.register(bundle)
  await app.ready()
  let finish = () => {}
  let cleaned = false
  const handle = await app.routes.plug('/p', async child => {
    child.get('/stuck', () => new Promise(resolve => { finish = () => resolve('late') }))
    child.addHook('onClose', async () => { cleaned = true })
  })
  const answer = app.inject('/p/stuck').then(({ body }) => body)
  await new Promise(resolve => setImmediate(resolve))

  await handle.remove({ timeout: 5 })

  t.ok(cleaned)
  t.match(lines.join(''), /\/p\/stuck/)
  finish()
  t.equal(await answer, 'late')
})

t.test('closing the app cleans up what is plugged', async t => {
  const log: string[] = []
  const app = await started(t)
  await app.routes.plug('', async child => { child.addHook('onClose', async () => { log.push('closed') }) })
  const second = await app.routes.plug('/x', async child => { child.addHook('onClose', async () => { log.push('second') }) })
  await second.remove()

  await app.close()

  t.same(log, ['second', 'closed'])
})

t.test('what cannot be plugged is an error, and leaves nothing', async t => {
  const app = await started(t, app => { app.addGet('/taken', async () => 'taken') })
  const log: string[] = []
  const before = app.routes.list()
  const plugged = (load: (child: FastifyInstance) => Promise<void>) => () => app.routes.plug('/p', async child => {
    child.get('/first', async () => 'first')
    child.cleanupContext(async function * () {
      yield
      log.push('left')
    })
    await load(child)
  })
  const cases: [name: string, error: object, act: () => Promise<unknown>][] = [
    ['a plugin that throws', { message: 'mine' }, plugged(async () => { throw new Error('mine') })],
    ['the same route twice', { code: 'AIO_ERR_ROUTE_DUPLICATE' }, plugged(async child => { child.get('/first', async () => '') })],
    ['a schema that is none', { code: 'AIO_ERR_ROUTE_SCHEMA' },
      plugged(async child => { child.get('/x', { schema: { params: { type: 'x' } } }, async () => '') })],
    ['a not-found handler', { code: 'AIO_ERR_PLUG' }, plugged(async child => { child.setNotFoundHandler(() => {}) })],
    ['constraints', { code: 'AIO_ERR_PLUG' },
      plugged(async child => { child.get('/x', { constraints: { host: 'a' } }, async () => '') })],
    ['a decorator that is there', { code: 'AIO_ERR_PLUG' },
      plugged(async child => { child.decorateRequest('matchInfo', null as never) })],
    ['a dependency that is not', { code: 'AIO_ERR_PLUGIN_MISSING' },
      plugged(async child => { child.register(fp(async () => {}, { name: 'x', dependencies: ['none'] })) })],
    ['what only Fastify can do', { code: 'FST_ERR_INSTANCE_ALREADY_LISTENING' },
      plugged(async child => { child.setGenReqId(() => '1') })],
    ['no plugin', { code: 'AIO_ERR_ARGUMENT_INVALID' }, () => app.routes.plug('/p', 7 as never)],
    ['no prefix', { code: 'AIO_ERR_ROUTE_PATH' }, () => app.routes.plug('p', async () => {})]
  ]

  for (const [name, error, act] of cases) {
    await t.rejects(act(), error as Error, name)
    t.same(app.routes.list(), before, name)
    t.equal((await app.inject('/p/first')).statusCode, 404)
  }
  t.ok(log.includes('left'), 'a context that was entered is left')
  const early = build(t)
  await early.register(bundle)
  await t.rejects(early.routes.plug('/p', async () => {}), { code: 'AIO_ERR_PLUG' })
})

t.test('routes can be added inside of a plugged plugin later, and have its hooks', async t => {
  const app = await started(t)
  let inside: FastifyInstance | undefined
  const plugged = await app.routes.plug('/p', async child => {
    inside = child
    child.addHook('onRequest', async (_request, reply) => { reply.header('x-own', 'yes') })
  })

  const handle = inside!.routes.add(get('/later', async () => 'later'))

  t.match(await app.inject('/p/later'), { body: 'later', headers: { 'x-own': 'yes' } })
  handle.remove()
  t.equal((await app.inject('/p/later')).statusCode, 404)
  inside!.routes.add(get('/left', async () => 'left'))
  await plugged.remove()
  t.equal((await app.inject('/p/left')).statusCode, 404)
})
