import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import exceptions, { HTTPFound, HTTPUnauthorized } from '../../../plugins/exceptions/index.ts'
import { Response } from '../../../plugins/responses/index.ts'
import routes, { get } from '../../../plugins/routes/index.ts'
import signals from '../../../plugins/signals/index.ts'
import security, {
  authorizedUserid, checkAuthorized, checkPermission, CookieIdentity, forget, isAnonymous, permits, remember,
  SessionIdentity, type AuthorizationPolicy, type IdentityPolicy
} from '../../../plugins/security/index.ts'
import sessions, { getSession, MemoryStorage } from '../../../plugins/sessions/index.ts'
import { build } from '../../helper.ts'
import { Browser, key, otherKey } from '../sessions/helper.ts'

/** Ann votes and administers, Bob votes. */
const authorization: AuthorizationPolicy = {
  authorizedUserid: async identity => ['ann', 'bob'].includes(identity) ? identity.toUpperCase() : null,
  permits: async (identity, permission, context) =>
    permission === 'read' || identity === 'ann' || (identity === 'bob' && permission === 'vote' && context !== 'closed')
}

async function polls (t: Test, identity: IdentityPolicy): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(signals)
  await app.register(exceptions)
  await app.register(routes)
  await app.register(sessions, { storage: new MemoryStorage() })
  await app.register(security, { identity, authorization })
  app.get('/login/:name', async (request, reply) => {
    await remember(request, reply, (request.params as { name: string }).name)
    return 'in'
  })
  app.get('/logout', async (request, reply) => {
    await forget(request, reply)
    return 'out'
  })
  app.get('/me', async request => ({
    userid: await authorizedUserid(request),
    anonymous: await isAnonymous(request),
    vote: await permits(request, 'vote'),
    closed: await permits(request, 'vote', 'closed')
  }))
  app.get('/user', async request => await checkAuthorized(request))
  app.get('/vote', { config: { permission: 'vote' } }, async () => 'voted')
  app.post('/admin', { preHandler: app.requires('admin') }, async () => 'administered')
  app.get('/members', { permission: true }, async () => 'members')
  app.get('/odd', async request => { await checkPermission(request, 'übel\r\nX: 1') })
  app.addRoutes([get('/table', async () => new Response({ text: 'voted' }), { config: { permission: 'vote' } })])
  return app
}

const kinds: Record<string, () => IdentityPolicy> = {
  'a session': () => new SessionIdentity(),
  'a signed cookie': () => new CookieIdentity({ keys: key })
}

for (const [name, identity] of Object.entries(kinds)) {
  t.test(`an identity in ${name} is remembered until it is forgotten`, async t => {
    const browser = new Browser(await polls(t, identity()))
    const nobody = { userid: null, anonymous: true, vote: false, closed: false }

    t.same((await browser.get('/me')).json(), nobody)
    await browser.get('/login/bob')
    t.same((await browser.get('/me')).json(), { userid: 'BOB', anonymous: false, vote: true, closed: false })
    await browser.get('/logout')
    t.same((await browser.get('/me')).json(), nobody)
    t.equal(browser.cookies.size, 0)
  })

  t.test(`routes that name a permission answer 401, then 403, with an identity in ${name}`, async t => {
    const browser = new Browser(await polls(t, identity()))

    for (const url of ['/user', '/vote', '/members', '/table']) t.equal((await browser.get(url)).statusCode, 401, url)
    t.equal((await browser.send({ method: 'POST', url: '/admin' })).statusCode, 401)
    await browser.get('/login/mallory')
    t.equal((await browser.get('/vote')).statusCode, 401, 'an identity is not yet a user')
    await browser.get('/login/bob')
    for (const url of ['/user', '/vote', '/members', '/table']) t.equal((await browser.get(url)).statusCode, 200, url)
    t.equal((await browser.send({ method: 'HEAD', url: '/vote' })).statusCode, 200)
    const refused = await browser.send({ method: 'POST', url: '/admin' })
    t.equal(refused.statusCode, 403)
    t.equal(refused.statusMessage, "User does not have 'admin' permission")
    t.equal((await browser.get('/odd')).statusMessage, "User does not have '?bel??X: 1' permission")
    await browser.get('/login/ann')
    t.equal((await browser.send({ method: 'POST', url: '/admin' })).statusCode, 200)
  })
}

t.test('who logs in gets another session id, and the old one is worthless', async t => {
  const app = await polls(t, new SessionIdentity())
  app.get('/cart', async request => { (await getSession(request)).set('cart', ['tea']) })
  app.get('/cart/show', async request => (await getSession(request)).get('cart') ?? [])
  const browser = new Browser(app)
  await browser.get('/cart')
  const foisted = browser.cookies.get('AIOHTTP_SESSION')

  await browser.get('/login/ann')

  t.not(browser.cookies.get('AIOHTTP_SESSION'), foisted)
  t.same((await browser.get('/cart/show')).json(), ['tea'], 'what is in it stays')
  const attacker = await app.inject({ url: '/me', cookies: { AIOHTTP_SESSION: foisted! } })
  t.equal(attacker.json().anonymous, true)
  const loggedIn = browser.cookies.get('AIOHTTP_SESSION')
  await browser.get('/logout')
  const replayed = await app.inject({ url: '/me', cookies: { AIOHTTP_SESSION: loggedIn! } })
  t.equal(replayed.json().anonymous, true)
})

t.test('a cookie that is not ours is that of nobody', async t => {
  const app = await polls(t, new CookieIdentity({ keys: key }))
  const browser = new Browser(app)
  await browser.get('/login/ann')
  const good = browser.cookies.get('AIOHTTP_SECURITY')!
  const [text, mac] = good.split('.') as [string, string]
  const forged = Buffer.from(JSON.stringify(['ann', Date.now() + 1e9])).toString('base64url')
  const elsewhere = new Browser(await polls(t, new CookieIdentity({ keys: otherKey })))
  await elsewhere.get('/login/ann')
  const renamed = new Browser(await polls(t, new CookieIdentity({ keys: key, cookieName: 'other' })))
  await renamed.get('/login/ann')

  const bad = {
    plain: 'ann',
    empty: '',
    'signature only': `.${mac}`,
    'no signature': `${text}.`,
    'another signature': `${text}.${mac.slice(0, -2)}AA`,
    'another text': `${forged}.${mac}`,
    'cut off': good.slice(0, -1),
    longer: `${good}A`,
    'of another key': elsewhere.cookies.get('AIOHTTP_SECURITY')!,
    'of another cookie': renamed.cookies.get('other')!
  }
  for (const [what, value] of Object.entries(bad)) {
    const response = await app.inject({ url: '/me', headers: { cookie: `AIOHTTP_SECURITY=${value}` } })
    t.equal(response.json().anonymous, true, what)
  }
  const tossed = await app.inject({ url: '/me', headers: { cookie: `AIOHTTP_SECURITY=evil; AIOHTTP_SECURITY=${good}` } })
  t.equal(tossed.json().userid, 'ANN', 'a cookie of a sibling domain does not hide ours')
})

t.test('the cookie of an identity ends with it, and keys can be changed', async t => {
  const old = new Browser(await polls(t, new CookieIdentity({ keys: otherKey, maxAge: 60_000 })))
  const response = await old.get('/login/ann')
  t.match(String(response.headers['set-cookie']),
    /^AIOHTTP_SECURITY=[\w.-]+; expires=[^;]+ GMT; HttpOnly; Max-Age=60; Path=\/; SameSite=Lax$/)
  const rotated = new Browser(await polls(t, new CookieIdentity({ keys: [key, otherKey] })))
  for (const [name, value] of old.cookies) rotated.cookies.set(name, value)
  t.equal((await rotated.get('/me')).json().userid, 'ANN')

  const short = new Browser(await polls(t, new CookieIdentity({ keys: key, maxAge: 1000 })))
  await short.get('/login/ann')
  const stolen = new Map(short.cookies)
  const { now } = Date
  t.teardown(() => { Date.now = now })
  Date.now = () => now() + 1001
  for (const [name, value] of stolen) short.cookies.set(name, value)
  t.equal((await short.get('/me')).json().anonymous, true)
})

t.test('an identity may go with a response or an exception', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register(security, { identity: new CookieIdentity({ keys: key }), authorization })
  app.get('/response', async request => {
    const response = new Response({ text: 'in' })
    await remember(request, response, 'ann', { maxAge: 5000 })
    return response
  })
  app.get('/exception', async request => {
    const found = new HTTPFound('/')
    await remember(request, found, 'ann')
    throw found
  })
  app.get('/wrong', async request => {
    await t.rejects(remember(request, {} as never, 'ann'), { code: 'AIO_ERR_SECURITY_RESPONSE' })
    await t.rejects(remember(request, null as never, 'ann'), { code: 'AIO_ERR_SECURITY_RESPONSE' })
    await t.rejects(remember(request, new Response(), ''), { code: 'AIO_ERR_SECURITY_IDENTITY' })
    await t.rejects(remember(request, new Response(), 7 as never), { code: 'AIO_ERR_SECURITY_IDENTITY' })
    await t.rejects(remember(request, new Response(), 'ann', { maxAge: -1 }), { code: 'AIO_ERR_OPTION_INVALID' })
  })

  t.match((await app.inject('/response')).headers['set-cookie'], /^AIOHTTP_SECURITY=.*Max-Age=5;/)
  t.match((await app.inject('/exception')).headers['set-cookie'], /^AIOHTTP_SECURITY=/)
  t.equal((await app.inject('/wrong')).statusCode, 200)
})

t.test('where nothing is set up nobody is known and nothing is permitted', async t => {
  const app = build(t)
  await app.register(exceptions)
  app.get('/', async (request, reply) => {
    t.equal(await authorizedUserid(request), null)
    t.equal(await isAnonymous(request), true)
    t.equal(await permits(request, 'read'), false)
    await t.rejects(checkAuthorized(request), HTTPUnauthorized)
    await t.rejects(checkPermission(request, 'read'), HTTPUnauthorized)
    await t.rejects(remember(request, reply, 'ann'), { code: 'AIO_ERR_SECURITY_MISSING' })
    await t.rejects(forget(request, reply), { code: 'AIO_ERR_SECURITY_MISSING' })
  })

  t.equal((await app.inject('/')).statusCode, 200)
})

t.test('what is set up wrongly is told', async t => {
  const identity = new SessionIdentity()
  const good = { identity, authorization }
  const wrong = [{}, { identity }, { authorization }, { ...good, identity: {} }, { ...good, more: 1 }]
  for (const options of wrong) {
    const register = async () => await build(t).register(security, options as never)
    await t.rejects(register(), { code: /^AIO_ERR_OPTION_/ }, Object.keys(options).join())
  }
  const app = build(t)
  await app.register(security, { identity, authorization })
  t.throws(() => app.requires(''), { code: 'AIO_ERR_OPTION_INVALID' })
  app.get('/', async request => {
    await t.rejects(authorizedUserid(request), { code: 'AIO_ERR_SECURITY_SESSIONS' })
  })
  await app.inject('/')
  t.throws(() => new CookieIdentity({ keys: 'short' }), { code: 'AIO_ERR_SECRET' })
  t.throws(() => new CookieIdentity({ keys: key, sameSite: 'None', secure: false }), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('only a plain true permits', async t => {
  const app = build(t)
  await app.register(exceptions)
  await app.register(security, {
    identity: { identify: async () => 'ann', remember: async () => {}, forget: async () => {} },
    authorization: { authorizedUserid: () => 'ann', permits: () => 'no' as never }
  })
  app.get('/', { permission: 'vote' }, async () => 'voted')

  t.equal((await app.inject('/')).statusCode, 403)
})
