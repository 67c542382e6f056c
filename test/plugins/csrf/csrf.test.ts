import type { FastifyInstance, InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import csrf, { csrfToken, type CsrfOptions } from '../../../plugins/csrf/index.ts'
import exceptions from '../../../plugins/exceptions/index.ts'
import requests from '../../../plugins/requests/index.ts'
import sessions, { getSession, MemoryStorage } from '../../../plugins/sessions/index.ts'
import { build } from '../../helper.ts'
import { Browser, key, otherKey } from '../sessions/helper.ts'

async function shop (t: Test, options: CsrfOptions = {}): Promise<FastifyInstance> {
  const app = build(t, { trustProxy: true })
  await app.register(exceptions)
  await app.register(requests)
  if (options.keys === undefined) await app.register(sessions, { storage: new MemoryStorage() })
  await app.register(csrf, options)
  app.get('/form', async request => await csrfToken(request))
  app.get('/two', async request => [await csrfToken(request), await csrfToken(request)])
  app.post('/json', async () => 'done')
  app.route({ method: ['GET', 'DELETE'], url: '/any', handler: async () => 'done' })
  app.post('/hook', { config: { csrf: false } }, async () => 'done')
  app.get('/forget', async request => { (await getSession(request)).invalidate() })
  await app.register(async lazy => {
    lazy.lazyBodies()
    lazy.post('/form', async request => (await request.post()).get('name'))
  })
  return app
}

const ways: Record<string, CsrfOptions> = { 'the session': {}, 'a cookie of its own': { keys: key } }

for (const [name, options] of Object.entries(ways)) {
  t.test(`a token kept in ${name} is taken from a form, from JSON or from a header`, async t => {
    const browser = new Browser(await shop(t, options))
    const token = (await browser.get('/form')).body
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }
    const multipart = { 'content-type': 'multipart/form-data; boundary=b' }
    const part = (field: string, value: string) =>
      `--b\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`

    const good: InjectOptions[] = [
      { url: '/form', headers: urlencoded, payload: `_csrf=${token}&name=tea` },
      { url: '/form', headers: multipart, payload: `${part('_csrf', token)}${part('name', 'tea')}--b--\r\n` },
      { url: '/form', headers: { ...urlencoded, 'x-csrf-token': token }, payload: 'name=tea' },
      { url: '/json', payload: { _csrf: token } },
      { url: '/json', headers: { 'x-csrf-token': token } },
      { url: '/json', headers: { 'x-csrf-token': token, origin: 'http://localhost:80' }, remoteAddress: '127.0.0.1' },
      { url: '/json', headers: { 'x-csrf-token': token, 'sec-fetch-site': 'same-origin' } },
      { method: 'DELETE', url: '/any', headers: { 'x-csrf-token': token } }
    ]
    for (const request of good) {
      const response = await browser.send({ method: 'POST', ...request })
      t.equal(response.statusCode, 200, JSON.stringify(request))
      if (request.url === '/form') t.equal(response.body, 'tea')
    }
  })

  t.test(`what is forged is refused, with a token kept in ${name}`, async t => {
    const app = await shop(t, options)
    const browser = new Browser(app)
    const token = (await browser.get('/form')).body
    const other = (await new Browser(app).get('/form')).body
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }

    const bad: [what: string, request: InjectOptions][] = [
      ['no token', { url: '/json' }],
      ['an empty one', { url: '/json', headers: { 'x-csrf-token': '' } }],
      ['that of another client', { url: '/json', headers: { 'x-csrf-token': other } }],
      ['a changed one', { url: '/json', headers: { 'x-csrf-token': token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA') } }],
      ['one cut off', { url: '/json', headers: { 'x-csrf-token': token.slice(0, 32) } }],
      ['a longer one', { url: '/json', headers: { 'x-csrf-token': `${token}A` } }],
      ['zeros', { url: '/json', headers: { 'x-csrf-token': 'A'.repeat(64) } }],
      ['a list', { url: '/json', payload: { _csrf: [token] } }],
      ['an object', { url: '/json', payload: { _csrf: { toString: token } } }],
      ['in the query', { url: `/json?_csrf=${token}` }],
      ['no field', { url: '/form', headers: urlencoded, payload: 'name=tea' }],
      ['under another name', { url: '/form', headers: urlencoded, payload: `csrf=${token}` }],
      ['as text', { url: '/json', headers: { 'content-type': 'text/plain' }, payload: `_csrf=${token}` }],
      ['another origin', { url: '/json', headers: { 'x-csrf-token': token, origin: 'https://evil.example' } }],
      ['another port', { url: '/json', headers: { 'x-csrf-token': token, origin: 'http://localhost:81' } }],
      ['another scheme', { url: '/json', headers: { 'x-csrf-token': token, origin: 'https://localhost:80' } }],
      ['a page without origin', { url: '/json', headers: { 'x-csrf-token': token, origin: 'null' } }],
      ['another site', { url: '/json', headers: { 'x-csrf-token': token, 'sec-fetch-site': 'cross-site' } }],
      ['a sibling domain', { url: '/json', headers: { 'x-csrf-token': token, 'sec-fetch-site': 'same-site' } }],
      ['with another method', { method: 'DELETE', url: '/any' }]
    ]
    for (const [what, request] of bad) {
      t.equal((await browser.send({ method: 'POST', ...request })).statusCode, 403, what)
    }
    const stranger = await app.inject({ method: 'POST', url: '/json', headers: { 'x-csrf-token': token } })
    t.equal(stranger.statusCode, 403, 'a token without its cookie')
    t.equal((await browser.get('/any')).statusCode, 200)
    t.equal((await browser.send({ method: 'POST', url: '/hook' })).statusCode, 200)
  })
}

t.test('two tokens of one client differ, and both are good', async t => {
  const browser = new Browser(await shop(t))
  const tokens: string[] = (await browser.get('/two')).json()

  t.not(tokens[0], tokens[1])
  for (const token of [...tokens, (await browser.get('/form')).body]) {
    t.equal((await browser.send({ method: 'POST', url: '/json', headers: { 'x-csrf-token': token } })).statusCode, 200)
  }
})

t.test('a token ends with its session', async t => {
  const browser = new Browser(await shop(t))
  const token = (await browser.get('/form')).body
  await browser.get('/forget')
  await browser.get('/form')

  t.equal((await browser.send({ method: 'POST', url: '/json', headers: { 'x-csrf-token': token } })).statusCode, 403)
})

t.test('the cookie of a token is signed, and over HTTPS it is that of this host only', async t => {
  const app = await shop(t, { keys: [otherKey, key] })
  const headers = { 'x-forwarded-proto': 'https' }
  const browser = new Browser(app)
  const response = await browser.get('/form', { headers })
  t.match(response.headers['set-cookie'], /^__Host-AIOHTTP_CSRF=[\w.-]+; HttpOnly; Path=\/; SameSite=Lax; Secure$/)
  t.equal((await browser.get('/form', { headers })).headers['set-cookie'], undefined, 'it is set once')

  // An attacker that can set cookies knows a secret, but cannot sign it.
  const tossed = await app.inject({
    method: 'POST',
    url: '/json',
    headers: { cookie: `AIOHTTP_CSRF=${'A'.repeat(32)}.${'A'.repeat(43)}`, 'x-csrf-token': 'A'.repeat(64) }
  })
  t.equal(tossed.statusCode, 403)
})

t.test('other origins may be let in', async t => {
  const browser = new Browser(await shop(t, { origins: ['https://admin.example'] }))
  const token = (await browser.get('/form')).body
  const from = async (origin: string) => (await browser.send({
    method: 'POST', url: '/json', headers: { 'x-csrf-token': token, 'sec-fetch-site': 'cross-site', origin }
  })).statusCode

  t.equal(await from('https://admin.example'), 200)
  t.equal(await from('https://admin.example.evil.example'), 403)
})

t.test('what is set up wrongly is told', async t => {
  await t.rejects(async () => await build(t).register(csrf), { code: 'AIO_ERR_CSRF_STORAGE' })
  await t.rejects(async () => await build(t).register(csrf, { keys: 'short' }), { code: 'AIO_ERR_SECRET' })
  await t.rejects(async () => await build(t).register(csrf, { keys: key, cookieName: 'a b' }),
    { code: 'AIO_ERR_COOKIE_NAME' })
  await t.rejects(async () => await build(t).register(csrf, { keys: key, origins: ['https://a.example/path'] }),
    { code: 'AIO_ERR_OPTION_INVALID' })
  const app = build(t)
  app.get('/', async request => { await t.rejects(csrfToken(request), { code: 'AIO_ERR_CSRF_MISSING' }) })
  await app.inject('/')
  const early = build(t)
  await early.register(csrf, { keys: key })
  early.addHook('onRequest', async request => { await t.rejects(csrfToken(request), { code: 'AIO_ERR_CSRF_REPLY' }) })
  early.get('/', async () => 'ok')
  await early.inject('/')
})
