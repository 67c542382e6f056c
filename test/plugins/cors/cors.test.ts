import t, { type Test } from 'tap'
import cors, { type CorsConfig, type CorsOptions } from '../../../plugins/cors/index.ts'
import exceptions from '../../../plugins/exceptions/index.ts'
import { build } from '../../helper.ts'

const a = 'https://a.example'
const b = 'https://b.example'

async function setUp (t: Test, options: CorsOptions = {}) {
  const app = build(t)
  await app.register(exceptions)
  await app.register(cors, options)
  return app
}

/** The headers of a preflight. */
function preflight (origin: string, method: string, headers?: string) {
  return {
    method: 'OPTIONS' as const,
    headers: {
      origin,
      'access-control-request-method': method,
      ...(headers !== undefined && { 'access-control-request-headers': headers })
    }
  }
}

/** The CORS headers of an answer. */
function picked (headers: Record<string, unknown>) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /^access-control-|^vary$/.test(name)))
}

t.test('a route that did not ask gets no hook and no header', async t => {
  const app = await setUp(t)
  app.cors('/mine', { '*': {} })
  app.get('/plain', async () => 'plain')
  app.get('/mine', async () => 'mine')
  await app.ready()

  const routes = app.printRoutes({ includeHooks: true, commonPrefix: false })
  const [, plain, mine] = /(\/plain.+?)(\/mine.+)/s.exec(routes) ?? []
  t.notMatch(plain, /onRequest|keepVary/)
  t.match(mine, /onRequest/)
  const response = await app.inject({ url: '/plain', headers: { origin: a } })
  t.same(picked(response.headers), {})
  t.equal((await app.inject({ url: '/plain', ...preflight(a, 'GET') })).statusCode, 405)
})

t.test('config.cors gives each origin what it may do', async t => {
  const app = await setUp(t)
  const config: CorsConfig = { [a]: { allowCredentials: true, exposeHeaders: ['X-One', 'X-Two'] }, '*': {} }
  app.get('/x', { config: { cors: config } }, async () => 'x')

  t.same(picked((await app.inject({ url: '/x', headers: { origin: a } })).headers), {
    'access-control-allow-origin': a,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'X-One,X-Two',
    vary: 'Origin'
  })
  t.same(picked((await app.inject({ url: '/x', headers: { origin: b } })).headers),
    { 'access-control-allow-origin': b, vary: 'Origin' })
  const head = await app.inject({ method: 'HEAD', url: '/x', headers: { origin: b } })
  t.equal(head.headers['access-control-allow-origin'], b)
  t.same(picked((await app.inject('/x')).headers), { vary: 'Origin' })
})

t.test('an origin that is not listed is served without headers', async t => {
  const app = await setUp(t)
  app.get('/x', { config: { cors: { [a]: {} } } }, async () => 'x')

  const response = await app.inject({ url: '/x', headers: { origin: b } })
  t.equal(response.body, 'x')
  t.same(picked(response.headers), { vary: 'Origin' })
})

t.test('error answers have the headers, too', async t => {
  const app = await setUp(t)
  app.get('/x', { config: { cors: { [a]: {} } } }, async () => { throw new Error('broken') })

  const response = await app.inject({ url: '/x', headers: { origin: a } })
  t.equal(response.statusCode, 500)
  t.equal(response.headers['access-control-allow-origin'], a)
})

t.test('a Response with a Vary of its own keeps both', async t => {
  const app = await setUp(t)
  const respond = async () => new Response('x', { headers: { vary: 'Accept-Encoding' } })
  app.get('/x', { config: { cors: { [a]: {} } } }, respond)
  const wide = await setUp(t, { origin: [a] })
  wide.get('/x', respond)

  t.equal((await app.inject({ url: '/x', headers: { origin: a } })).headers.vary, 'Accept-Encoding, Origin')
  t.equal((await wide.inject({ url: '/x', headers: { origin: a } })).headers.vary, 'Accept-Encoding, Origin')
})

t.test('a preflight is answered with what was asked for', async t => {
  const app = await setUp(t)
  const options = { allowCredentials: true, allowHeaders: ['X-Token', 'content-type'], maxAge: 600_500 }
  app.put('/x', { config: { cors: { [a]: options } } }, async () => 'x')
  app.get('/x', { config: { cors: { [b]: {} } } }, async () => 'x')

  const response = await app.inject({ url: '/x', ...preflight(a, 'PUT', 'x-token, Content-Type') })
  t.equal(response.statusCode, 200)
  t.equal(response.body, '')
  t.same(picked(response.headers), {
    'access-control-allow-origin': a,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'PUT',
    'access-control-allow-headers': 'X-TOKEN,CONTENT-TYPE',
    'access-control-max-age': '600',
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'
  })
  t.equal((await app.inject({ url: '/x', ...preflight(b, 'GET') })).statusCode, 200)
})

t.test('a preflight is refused with the reason', async t => {
  const app = await setUp(t)
  app.get('/x', { config: { cors: { [a]: { allowHeaders: ['x-token'] } } } }, async () => 'x')
  app.get('/none', { config: { cors: {} } }, async () => 'x')
  app.all('/all', { config: { cors: { [a]: { allowMethods: ['GET', 'PUT'], allowHeaders: '*' } } } }, async () => 'x')

  for (const [url, headers, reason] of [
    ['/x', {}, 'origin header is not specified in the request'],
    ['/x', { origin: a }, "'Access-Control-Request-Method' header is not specified"],
    ['/x', preflight(a, 'PUT').headers, `request method 'PUT' is not allowed for '${a}' origin`],
    ['/x', preflight(b, 'GET').headers, `origin '${b}' is not allowed`],
    ['/x', preflight(a, 'GET', 'x-one,x-token,x-two').headers, 'headers are not allowed: X-ONE, X-TWO'],
    ['/none', preflight(a, 'GET').headers, 'no origins are allowed'],
    ['/all', preflight(a, 'POST').headers, `request method 'POST' is not allowed for '${a}' origin`]
  ] as const) {
    const response = await app.inject({ method: 'OPTIONS', url, headers })
    t.equal(response.statusCode, 403)
    t.equal(response.body, `CORS preflight request failed: ${reason}`)
    t.notHas(response.headers, 'access-control-allow-origin')
  }
  t.equal((await app.inject({ url: '/all', ...preflight(a, 'PUT', 'x-any') })).statusCode, 200)
  t.equal((await app.inject({ method: 'OPTIONS', url: '/all' })).body, 'x', 'an OPTIONS of the app is no preflight')
})

t.test('a path that answers OPTIONS itself keeps doing so', async t => {
  const app = await setUp(t)
  app.options('/x', async () => 'mine')
  app.get('/x', { config: { cors: { [a]: {} } } }, async () => 'x')

  t.equal((await app.inject({ method: 'OPTIONS', url: '/x' })).body, 'mine')
})

t.test('cors() configures a path, in a prefix as well', async t => {
  const app = await setUp(t)
  await app.register(async child => {
    child.cors('/', { [a]: {} })
    child.get('/', async () => 'x')
    child.post('/', { config: { cors: { [b]: {} } } }, async () => 'x')
    child.delete('/', { config: { cors: false } }, async () => 'x')
  }, { prefix: '/v1' })

  for (const url of ['/v1', '/v1/']) {
    t.equal((await app.inject({ url, headers: { origin: a } })).headers['access-control-allow-origin'], a, url)
    t.equal((await app.inject({ url, ...preflight(a, 'GET') })).statusCode, 200)
    t.equal((await app.inject({ url, ...preflight(b, 'POST') })).statusCode, 200, 'a route goes first')
    t.equal((await app.inject({ url, ...preflight(a, 'POST') })).statusCode, 403)
    t.equal((await app.inject({ url, ...preflight(a, 'DELETE') })).statusCode, 403)
  }
})

t.test('config.cors true takes the defaults', async t => {
  const app = await setUp(t, { defaults: { [a]: { allowHeaders: '*' } } })
  app.get('/x', { config: { cors: true } }, async () => 'x')
  app.get('/y', async () => 'y')

  t.equal((await app.inject({ url: '/x', ...preflight(a, 'GET', 'x-any') })).statusCode, 200)
  t.notHas((await app.inject({ url: '/y', headers: { origin: a } })).headers, 'access-control-allow-origin')
})

t.test('origin turns it on for the whole app', async t => {
  const app = await setUp(t, { origin: a, allowCredentials: true, maxAge: 60_000, allowMethods: ['GET'] })
  app.get('/x', async () => 'x')
  app.get('/own', { config: { cors: { [b]: {} } } }, async () => 'x')
  app.get('/off', { config: { cors: false } }, async () => 'x')

  t.match((await app.inject({ url: '/x', headers: { origin: a } })).headers, {
    'access-control-allow-origin': a, 'access-control-allow-credentials': 'true', vary: 'Origin'
  })
  t.match((await app.inject({ url: '/x', ...preflight(a, 'GET') })).headers, {
    'access-control-allow-methods': 'GET', 'access-control-max-age': '60'
  })
  const missing = await app.inject({ url: '/nope', headers: { origin: a } })
  t.equal(missing.statusCode, 404)
  t.equal(missing.headers['access-control-allow-origin'], a, '404 as well')
  t.notHas((await app.inject({ url: '/x', headers: { origin: b } })).headers, 'access-control-allow-origin')
  const own = (await app.inject({ url: '/own', headers: { origin: b } })).headers
  t.same(picked(own), { 'access-control-allow-origin': b, vary: 'Origin' }, 'a route goes first')
  t.same(picked((await app.inject({ url: '/off', headers: { origin: a } })).headers), {})
})

t.test('origin may be anything, a pattern or a question', async t => {
  for (const [origin, expected] of [
    ['*', '*'], [true, a], [/\.example$/, a], [[b, /^https:\/\/a/], a], [async (it?: string) => it === a, a],
    [[b], undefined], [async () => false, undefined]
  ] as const) {
    const app = await setUp(t, { origin, exposeHeaders: ['X-One'] })
    app.get('/x', async () => 'x')
    const { headers } = await app.inject({ url: '/x', headers: { origin: a } })
    t.equal(headers['access-control-allow-origin'], expected, String(origin))
    t.equal(headers.vary, origin === '*' ? undefined : 'Origin')
  }
})

t.test('bad options have a code', async t => {
  for (const [options, code] of [
    [{ origin: 'a.example' }, 'AIO_ERR_OPTION_INVALID'],
    [{ origin: 'https://a.example/' }, 'AIO_ERR_OPTION_INVALID'],
    [{ origin: 'https://a.example:443' }, 'AIO_ERR_OPTION_INVALID'],
    [{ origin: '*', allowCredentials: true }, 'AIO_ERR_OPTION_CONFLICT'],
    [{ origin: a, maxAge: '1' }, 'AIO_ERR_OPTION_INVALID'],
    [{ origin: a, allowMethods: 'GET' }, 'AIO_ERR_OPTION_INVALID'],
    [{ credentials: true }, 'AIO_ERR_OPTION_UNKNOWN'],
    [{ defaults: { 'a.example': {} } }, 'AIO_ERR_OPTION_INVALID'],
    [{ defaults: { '*': { allow: 'all' } } }, 'AIO_ERR_OPTION_UNKNOWN'],
    [{ origin: true, allowCredentials: true, exposeHeaders: '*' }, 'AIO_ERR_OPTION_CONFLICT']
  ] as const) {
    await t.rejects(setUp(t, options as CorsOptions), { code }, JSON.stringify(options))
  }
  const app = await setUp(t)
  t.throws(() => app.cors('/x', { [a]: { allowHeaders: ['a b'] } }), { code: 'AIO_ERR_OPTION_INVALID' })
  t.throws(() => app.get('/x', { config: { cors: { origin: {} } } }, async () => 'x'),
    { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('cors() says when it can have no effect', async t => {
  const app = await setUp(t)
  app.get('/early', async () => 'x')
  t.throws(() => app.cors('/early', {}), { code: 'AIO_ERR_CORS_PATH' })
  app.cors('/nope', {})
  t.throws(() => app.cors('/nope', {}), { code: 'AIO_ERR_CORS_PATH' })
  await t.rejects(async () => { await app.ready() }, { code: 'AIO_ERR_CORS_PATH' })

  const started = await setUp(t)
  await started.ready()
  t.throws(() => started.cors('/x', {}), { code: 'AIO_ERR_APP_FROZEN' })
})
