import t from 'tap'
import { setImmediate } from 'node:timers/promises'
import { HTTPForbidden, default as exceptions } from '../../plugins/exceptions/index.ts'
import responses, { Response as OurResponse } from '../../plugins/responses/index.ts'
import signals from '../../plugins/signals/index.ts'
import { build } from '../helper.ts'

t.test('onResponsePrepare() sees every response of its context: 200, errors and 404', async t => {
  const app = build(t)
  await app.register(signals)
  const seen: string[] = []
  app.onResponsePrepare(async (request, response) => {
    await setImmediate()
    seen.push(`${request.url} ${response.status}`)
    response.headers.set('x-seen', 'yes')
    return 'ignored'
  })
  app.get('/ok', async () => ({ ok: true }))
  app.get('/error', async () => { throw new Error('boom') })

  for (const [url, status] of [['/ok', 200], ['/error', 500], ['/none', 404]] as const) {
    const response = await app.inject(url)
    t.equal(response.statusCode, status)
    t.equal(response.headers['x-seen'], 'yes')
  }
  t.same((await app.inject('/ok')).json(), { ok: true })
  t.same(seen, ['/ok 200', '/error 500', '/none 404', '/ok 200'])
})

t.test('status and headers of an ordinary reply can be changed', async t => {
  const app = build(t)
  await app.register(signals)
  app.onResponsePrepare((_request, response) => {
    const { headers } = response
    t.equal(response.status, 200)
    t.equal(headers.get('x-none'), null)
    t.notOk(headers.has('x-none'))
    t.equal(headers.get('X-One'), '1')
    t.equal(headers.get('set-cookie'), 'a=1, b=2')
    response.status = 202
    headers.append('x-one', '2')
    headers.append('x-new', 'n')
    headers.append('set-cookie', 'c=3')
    headers.delete('x-gone')
    t.throws(() => headers.set('x-bad', 'a\r\nb: c'), { code: 'AIO_ERR_HEADER_VALUE' })
    t.throws(() => headers.append('x bad', 'a'), { code: 'AIO_ERR_HEADER_NAME' })
  })
  app.get('/', (_request, reply) => {
    reply.header('x-one', 1).header('x-gone', '1').header('set-cookie', ['a=1', 'b=2']).send('body')
  })
  const { body, headers, statusCode } = await app.inject('/')

  t.equal(statusCode, 202)
  t.equal(body, 'body')
  t.match(headers, { 'x-one': '1, 2', 'x-new': 'n', 'set-cookie': ['a=1', 'b=2', 'c=3'] })
  t.notOk('x-gone' in headers)
})

t.test('a receiver gets the response object a handler returned', async t => {
  const app = build(t)
  await app.register(signals)
  const made = { [Symbol.toStringTag]: 'Response', status: 201, headers: new Map([['x-a', '1']]), body: 'made' }
  app.onResponsePrepare((_request, response) => {
    t.equal(response, made)
    response.status = 202
    response.headers.set('x-a', '2')
  })
  app.get('/', async () => made)
  const response = await app.inject('/')

  t.equal(response.statusCode, 202)
  t.equal(response.headers['x-a'], '2')
  t.equal(response.body, 'made')
})

t.test('the platform\'s Response can be changed, too', async t => {
  const app = build(t)
  await app.register(signals)
  app.onResponsePrepare((_request, response) => {
    t.equal(response.headers.get('x-a'), '1')
    response.status = 202
    response.headers.set('x-a', '2')
  })
  app.get('/', async () => new Response('web', { status: 201, headers: { 'x-a': '1' } }))
  app.get('/empty', async () => new Response(null, { status: 201, headers: { 'x-a': '1' } }))

  for (const [url, body] of [['/', 'web'], ['/empty', '']] as const) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 202)
    t.equal(response.headers['x-a'], '2')
    t.equal(response.body, body)
  }
})

t.test('receivers run root first, once, and only for their context', async t => {
  const app = build(t)
  await app.register(signals)
  const log: string[] = []
  await app.register(async child => {
    child.onResponsePrepare(() => log.push('child'))
    child.get('/child', async () => 'x')
    await child.register(async grandchild => { grandchild.get('/grandchild', async () => 'x') })
  })
  await app.register(async sibling => { sibling.get('/sibling', async () => 'x') })
  app.onResponsePrepare(() => log.push('root'))

  for (const [url, expected] of [
    ['/child', ['root', 'child']], ['/grandchild', ['root', 'child']], ['/sibling', ['root']]
  ] as const) {
    log.length = 0
    t.equal((await app.inject(url)).statusCode, 200)
    t.same(log, expected, url)
  }
})

t.test('nobody pays before the first receiver is added', async t => {
  const app = build(t)
  const hooks: string[] = []
  const addHook = app.addHook
  app.addHook = function (this: typeof app, ...args: Parameters<typeof addHook>) {
    hooks.push(args[0])
    return Reflect.apply(addHook, this, args)
  } as typeof addHook
  await app.register(signals)
  t.same(hooks, ['onReady', 'preClose', 'onClose'])

  app.onResponsePrepare(() => {})
  app.onResponsePrepare(() => {})
  t.same(hooks.slice(3), ['onSend'])
})

t.test('a failing receiver answers 500 and the next request is served', async t => {
  const app = build(t)
  await app.register(signals)
  app.onResponsePrepare(request => {
    if (request.url === '/bad') throw new Error('boom')
  })
  app.get('/bad', async () => 'x')
  app.get('/good', async () => 'x')

  t.equal((await app.inject('/bad')).statusCode, 500)
  t.equal((await app.inject('/good')).statusCode, 200)
})

t.test('prepareResponse() serves those who answer past Fastify', async t => {
  const app = build(t)
  await app.register(signals)
  app.onResponsePrepare((_request, response) => { response.headers.set('x-seen', 'yes') })
  app.get('/', async (request, reply) => {
    await app.signals.prepareResponse(request, reply)
    reply.hijack()
    reply.raw.writeHead(200, { 'x-seen': String(reply.getHeader('x-seen')) }).end()
    return reply
  })

  t.equal((await app.inject('/')).headers['x-seen'], 'yes')
})

t.test('cookies and headers set here are sent with our responses, exceptions and HEAD', async t => {
  const app = build(t)
  await app.register(signals)
  await app.register(exceptions)
  await app.register(responses)
  app.onResponsePrepare((_request, response) => {
    response.headers.append('set-cookie', 'seen=1')
    response.headers.set('x-status', String(response.status))
    if (response instanceof OurResponse) response.text += '!'
  })
  app.get('/response', async () => new OurResponse({ text: 'hello', status: 201 }))
  app.get('/exception', async () => { throw new HTTPForbidden() })

  for (const [method, url, status, body] of [
    ['GET', '/response', '201', 'hello!'], ['HEAD', '/response', '201', ''], ['GET', '/exception', '403', '403: Forbidden'],
    ['GET', '/none', '404', '404: Not Found'], ['POST', '/response', '405', '405: Method Not Allowed']
  ] as const) {
    const response = await app.inject({ method, url })
    t.equal(response.body, body)
    t.equal(String(response.statusCode), status)
    t.match(response.headers, { 'set-cookie': 'seen=1', 'x-status': status })
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/response' })).headers['content-length'], '6')
})
