/** What is refused, what passes as it is, and what is not touched at all. */

import { once } from 'node:events'
import t, { type Test } from 'tap'
import websocketPlugin from '@fastify/websocket'
import { WebSocket } from 'ws'
import bundle from '../../../app.ts'
import exceptions, { HTTPForbidden, HTTPNotFound } from '../../../plugins/exceptions/index.ts'
import middlewares, { compose, type Middleware } from '../../../plugins/middlewares/index.ts'
import { Response, StreamResponse } from '../../../plugins/responses/index.ts'
import { WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { build } from '../../helper.ts'

const pass: Middleware = async (request, handler) => await handler(request)

/** Notes what passes. */
function recorder (log: unknown[]): Middleware {
  return async (request, handler) => {
    try {
      const response = await handler(request)
      log.push(response.status)
      response.headers.set('x-late', '1')
      return response
    } catch (error) {
      log.push(error)
      throw error
    }
  }
}

async function recording (t: Test) {
  const [app, log]: [ReturnType<typeof build>, unknown[]] = [build(t), []]
  await app.register(bundle, { middlewares: { middlewares: [recorder(log)] } })
  return { app, log }
}

t.test('a route without middlewares keeps its handler', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register(middlewares)
  const handlers: unknown[] = []
  app.addHook('onRoute', ({ handler }) => { handlers.push(handler) })
  const handler = async () => 'plain'
  app.get('/plain', { exposeHeadRoute: false }, handler)
  app.get('/around', { exposeHeadRoute: false, middlewares: [pass] }, handler)

  t.equal(handlers[0], handler)
  t.not(handlers[1], handler)
})

t.test('what is no middleware, and what comes after routes, is refused', async t => {
  const app = build(t)
  await t.rejects(async () => await build(t).register(bundle, { middlewares: { middlewares: ['x'] } } as never),
    { code: 'AIO_ERR_OPTION_INVALID' })
  await app.register(bundle)
  t.throws(() => app.addMiddleware(null as never), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => app.get('/bad', { middlewares: pass as never }, async () => ''), { code: 'AIO_ERR_OPTION_INVALID' })
  await app.register(async child => { child.get('/child', async () => '') })

  t.throws(() => app.addMiddleware(pass), { code: 'AIO_ERR_MIDDLEWARE_LATE', message: /pass.*GET \/child/ })
})

t.test('registered in a context, or added to one, they stand around its routes only', async t => {
  const { app, log } = await recording(t)
  await app.register(async child => {
    await child.register(middlewares, { middlewares: [recorder(log)] })
    child.get('/two', async () => '')
  })
  app.get('/one', async () => '')

  await app.inject('/one')
  t.same(log.splice(0), [200])
  await app.inject('/two')
  t.same(log, [200, 200])
})

t.test('a middleware that returns nothing is a fault', async t => {
  const { app, log } = await recording(t)
  app.get('/', { middlewares: [async function forgetful () {} as never] }, async () => 'x')

  t.equal((await app.inject('/')).statusCode, 500)
  t.match(log, [{ code: 'AIO_ERR_MIDDLEWARE_RESPONSE', message: /forgetful/ }])
})

t.test('errors that are returned or sent are exceptions; callNotFound() passes once', async t => {
  const { app, log } = await recording(t)
  app.get('/returned', async () => new HTTPForbidden())
  app.get('/sent', (_, reply) => { reply.send(new HTTPForbidden()) })
  app.get('/given-up', (_, reply) => { reply.callNotFound() })
  app.get('/circular', async () => {
    const circular: { self?: unknown } = {}
    circular.self = circular
    return circular
  })

  t.equal((await app.inject('/returned')).statusCode, 403)
  t.equal((await app.inject('/sent')).statusCode, 403)
  t.equal((await app.inject('/given-up')).statusCode, 404)
  t.ok(log[0] instanceof HTTPForbidden && log[1] instanceof HTTPForbidden && log[2] instanceof HTTPNotFound)
  t.equal(log.length, 3)
  t.equal((await app.inject('/circular')).statusCode, 500)
})

t.test('what is on its way passes as it is', async t => {
  const { app, log } = await recording(t)
  app.get('/hijacked', (_, reply) => {
    reply.hijack()
    reply.raw.end('raw')
  })
  app.get('/raw', (_, reply) => { reply.raw.end('raw') })
  app.addGet('/stream', async request => {
    const response = new StreamResponse()
    await response.prepare(request)
    await response.write('streamed')
    await response.writeEof()
    return response
  })
  app.get('/returned', async (request, reply) => {
    const response = new StreamResponse()
    await response.prepare(request, reply)
    await response.write('returned')
    return response
  })
  app.addGet('/aborted', async request => {
    const response = new StreamResponse()
    await response.prepare(request)
    await response.write('begun')
    throw new Error('too late')
  })

  for (const [url, body] of [['/hijacked', 'raw'], ['/raw', 'raw'], ['/stream', 'streamed']] as const) {
    const answer = await app.inject(url)
    t.equal(answer.body, body, url)
    t.notOk(answer.headers['x-late'], url)
  }
  t.equal((await app.inject('/returned')).body, 'returned')
  t.same(log.splice(0), [200, 200, 200, 200])
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  await t.rejects((await fetch(`${base}/aborted`)).text())
})

t.test('a handler that goes on after its answer does not hold it back', async t => {
  const { app } = await recording(t)
  let release = () => {}
  const done = new Promise<void>(resolve => { release = resolve })
  app.get('/', async (_, reply) => {
    reply.send('first')
    reply.send('second')
    await done
    throw new Error('nobody hears it')
  })

  t.equal((await app.inject('/')).body, 'first')
  release()
})

t.test('hooks see plain payloads', async t => {
  const { app } = await recording(t)
  const seen: unknown[] = []
  app.addHook('preSerialization', async (_request, _reply, payload) => ({ ...Object(payload), hooked: true }))
  app.addHook('onSend', async (_request, _reply, payload) => { seen.push(payload) })
  app.get('/looked-at', async () => ({ a: 1 }))
  const untouched = build(t)
  await untouched.register(bundle, { middlewares: { middlewares: [pass] } })
  untouched.addHook('preSerialization', async (_request, _reply, payload) => ({ ...Object(payload), hooked: true }))
  untouched.get('/', async () => ({ a: 1 }))

  t.equal((await app.inject('/looked-at')).body, '{"a":1}')
  t.same(seen, ['{"a":1}'])
  t.equal((await untouched.inject('/')).body, '{"a":1,"hooked":true}')
})

t.test('websockets pass through, ours and those of @fastify/websocket that came before', async t => {
  const app = build(t)
  const log: unknown[] = []
  await app.register(websocketPlugin)
  await app.register(bundle, { middlewares: { middlewares: [recorder(log)] } })
  app.get('/theirs', { websocket: true }, socket => { socket.send('theirs') })
  app.websocket('/route', async ws => { await ws.sendStr('route') })
  app.addGet('/ours', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    await ws.sendStr('ours')
    await ws.close()
    return ws
  })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })

  for (const path of ['theirs', 'route', 'ours']) {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/${path}`)
    const [data] = await once(socket, 'message')
    t.equal(String(data), path)
    socket.terminate()
  }
  const late = build(t)
  await late.register(bundle, { middlewares: { middlewares: [pass] } })
  await late.register(websocketPlugin)
  t.throws(() => late.get('/', { websocket: true }, () => {}), { code: 'AIO_ERR_MIDDLEWARE_WEBSOCKET' })
})

t.test('compose() needs no app', async t => {
  const handler = compose([async (request, next) => {
    const response = await next(request)
    response.status = 201
    return response
  }, pass], async () => new Response({ text: 'composed' }))
  const response = await handler({} as never)

  t.equal(response.status, 201)
  t.equal(response instanceof Response && response.text, 'composed')
})

t.test('a handler of a chain gives a promise, whatever its middleware does', async t => {
  const answer = async () => new Response()
  const failing = compose([() => { throw new HTTPForbidden() }], answer)
  const forgetful: Middleware = () => undefined as never

  await t.rejects(failing({} as never), { message: 'Forbidden' })
  await t.rejects(compose([forgetful], answer)({} as never), { code: 'AIO_ERR_MIDDLEWARE_RESPONSE' })
  t.equal((await compose([() => new Response({ status: 201 })], answer)({} as never)).status, 201)
})

t.test('what a middleware hands on is its request: another is refused', async t => {
  const { app, log } = await recording(t)
  app.get('/', { middlewares: [async (_request, handler) => await handler({} as never)] }, async () => 'never')

  t.equal((await app.inject('/')).statusCode, 500)
  t.match(log, [{ code: 'AIO_ERR_ARGUMENT_INVALID' }])
})

t.test('a response in place of what a handler sent has all that a response has', async t => {
  const seen: unknown[] = []
  const app = build(t)
  await app.register(bundle, {
    middlewares: {
      middlewares: [async (request, handler) => {
        const response = await handler(request)
        seen.push(response instanceof Response, Object.prototype.toString.call(response), 'then' in response)
        if (!(response instanceof Response)) return response
        seen.push(response.text, response.contentType, response.headers.get('x-own'), response.status)
        response.setStatus(202, 'Taken')
        response.text = 'changed'
        response.setCookie('a', '1')
        Reflect.set(response, 'note', 'kept')
        seen.push(response.reason, Reflect.get(response, 'note'))
        return response
      }]
    }
  })
  app.get('/', async (_request, reply) => await reply.header('x-own', '1').send('sent'))
  const { body, headers, statusCode } = await app.inject('/')

  t.same(seen, [true, '[object Response]', false, 'sent', 'text/plain', '1', 200, 'Taken', 'kept'])
  t.same([statusCode, body, headers['set-cookie'], headers['x-own']], [202, 'changed', 'a=1; Path=/', '1'])
})
