import type { FastifyInstance, FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import exceptions, { HTTPFound } from '../../../plugins/exceptions/index.ts'
import middlewares from '../../../plugins/middlewares/index.ts'
import { jsonResponse, StreamResponse } from '../../../plugins/responses/index.ts'
import routes, { get } from '../../../plugins/routes/index.ts'
import signals from '../../../plugins/signals/index.ts'
import sessions, {
  EncryptedCookieStorage, getSession, MemoryStorage, newSession, SignedCookieStorage, StoreStorage,
  type SessionsOptions, type SessionStorage
} from '../../../plugins/sessions/index.ts'
import { build } from '../../helper.ts'
import { Browser, key, memoryStore, otherKey } from './helper.ts'

const kinds: Record<string, () => SessionStorage> = {
  signed: () => new SignedCookieStorage({ keys: key }),
  encrypted: () => new EncryptedCookieStorage({ keys: key }),
  memory: () => new MemoryStorage(),
  store: () => new StoreStorage(memoryStore())
}

/** An app with routes that touch the session in all the ways there are. */
async function shop (t: Test, options: Partial<SessionsOptions> = {}): Promise<FastifyInstance> {
  const app = build(t)
  await app.register(exceptions)
  await app.register(sessions, { storage: new SignedCookieStorage({ keys: key }), ...options })
  app.get('/', async () => 'home')
  app.get('/read', async request => {
    const session = await getSession(request)
    return { new: session.new, values: Object.fromEntries(session) }
  })
  app.get('/add/:thing', async (request, reply) => {
    const session = await getSession(request)
    const { thing } = request.params as { thing: string }
    session.set('things', [...session.get<string[]>('things') ?? [], thing])
    return reply.send('added')
  })
  app.get('/nested/:said', async request => {
    const session = await getSession(request)
    session.get<string[]>('things')?.push('nested')
    if ((request.params as { said: string }).said === 'said') session.changed()
    return 'ok'
  })
  app.get('/end', async request => {
    (await getSession(request)).invalidate()
    return 'ended'
  })
  app.get('/regenerate', async request => {
    (await getSession(request)).regenerate()
    return 'regenerated'
  })
  app.get('/renew', async request => {
    (await newSession(request)).set('things', ['fresh'])
    return 'new'
  })
  app.get('/throw/:what', async request => {
    (await getSession(request)).set('things', ['thrown'])
    throw (request.params as { what: string }).what === 'found' ? new HTTPFound('/read') : new Error('no')
  })
  return app
}

for (const [name, storage] of Object.entries(kinds)) {
  t.test(`a session of the ${name} storage follows a client from request to request`, async t => {
    const browser = new Browser(await shop(t, { storage: storage() }))

    t.same((await browser.get('/read')).json(), { new: true, values: {} })
    t.equal(browser.cookies.size, 0, 'what is read only is not stored')
    await browser.get('/add/tea')
    t.same((await browser.get('/read')).json(), { new: false, values: { things: ['tea'] } })
    await browser.get('/add/cake')
    t.same((await browser.get('/read')).json(), { new: false, values: { things: ['tea', 'cake'] } })
    await browser.get('/end')
    t.equal(browser.cookies.size, 0, 'the cookie is gone')
    t.same((await browser.get('/read')).json(), { new: true, values: {} })
  })

  t.test(`a session of the ${name} storage is saved only when it has changed, as far as that can be seen`, async t => {
    const browser = new Browser(await shop(t, { storage: storage() }))
    await browser.get('/add/tea')

    t.notOk((await browser.get('/read')).headers['set-cookie'])
    await browser.get('/nested/unsaid')
    t.same((await browser.get('/read')).json().values, { things: ['tea'] })
    await browser.get('/nested/said')
    t.same((await browser.get('/read')).json().values, { things: ['tea', 'nested'] })
  })

  t.test(`a session of the ${name} storage is saved with an HTTP exception and with no other error`, async t => {
    const browser = new Browser(await shop(t, { storage: storage() }))
    await browser.get('/add/tea')

    t.equal((await browser.get('/throw/error')).statusCode, 500)
    t.same((await browser.get('/read')).json().values, { things: ['tea'] })
    t.equal((await browser.get('/throw/found')).statusCode, 302)
    t.same((await browser.get('/read')).json().values, { things: ['thrown'] })
  })

  t.test(`newSession() of the ${name} storage begins anew`, async t => {
    const browser = new Browser(await shop(t, { storage: storage() }))
    await browser.get('/add/tea')
    const before = browser.cookies.get('AIOHTTP_SESSION')

    await browser.get('/renew')

    t.not(browser.cookies.get('AIOHTTP_SESSION'), before)
    t.same((await browser.get('/read')).json().values, { things: ['fresh'] })
  })
}

t.test('a route that does not touch its session has no cookie and asks nothing of the store', async t => {
  const store = memoryStore()
  const browser = new Browser(await shop(t, { storage: new StoreStorage(store) }))
  await browser.get('/add/tea')
  const calls = store.calls.length

  const response = await browser.get('/')

  t.notOk(response.headers['set-cookie'])
  t.equal(store.calls.length, calls)
})

t.test('the cookie has the attributes it should have', async t => {
  const [cookie] = [(await new Browser(await shop(t)).get('/add/tea')).headers['set-cookie']].flat()

  t.match(cookie, /^AIOHTTP_SESSION=[\w.-]+; expires=[^;]+ GMT; HttpOnly; Max-Age=1209600; Path=\/; SameSite=Lax$/)
})

t.test('secure follows the protocol of the request, and is always there with __Host-', async t => {
  const app = build(t, { trustProxy: true })
  await app.register(sessions, { storage: new MemoryStorage() })
  app.get('/', async request => { (await getSession(request)).set('a', 1) })
  const plain = await app.inject({ url: '/' })
  const proxied = await app.inject({ url: '/', headers: { 'x-forwarded-proto': 'https' } })
  t.notMatch(plain.headers['set-cookie'], /Secure/)
  t.match(proxied.headers['set-cookie'], /; Secure$/)

  const browser = new Browser(await shop(t, { cookieName: '__Host-session' }))
  t.match((await browser.get('/add/tea')).headers['set-cookie'], /^__Host-session=.*Secure$/)
})

t.test('a session is saved before a stream begins, and cannot be changed afterwards', async t => {
  const app = build(t)
  await app.register(sessions, { storage: new StoreStorage(memoryStore()) })
  app.get('/', async (request, reply) => {
    const session = await getSession(request)
    session.set('seen', true)
    const response = new StreamResponse()
    await response.prepare(request, reply)
    t.throws(() => session.set('late', true), { code: 'AIO_ERR_SESSION_SENT' })
    t.throws(() => session.invalidate(), { code: 'AIO_ERR_SESSION_SENT' })
    await t.rejects(session.save(), { code: 'AIO_ERR_SESSION_SENT' })
    await response.writeEof('streamed')
    return reply
  })

  const response = await app.inject('/')

  t.equal(response.body, 'streamed')
  t.match(response.headers['set-cookie'], /^AIOHTTP_SESSION=/)
})

t.test('a change that no response can take along is an error in the log', async t => {
  const lines: { err?: { code?: string } }[] = []
  const app = build(t, { logger: { level: 'error', stream: { write: line => { lines.push(JSON.parse(line)) } } } })
  await app.register(sessions, { storage: new MemoryStorage() })
  app.get('/lost', async (request, reply) => {
    (await getSession(request)).set('seen', true)
    reply.hijack()
    reply.raw.end('raw')
  })
  app.get('/saved', async (request, reply) => {
    const session = await getSession(request)
    session.set('seen', true)
    await session.save()
    reply.hijack()
    reply.raw.writeHead(200, { 'set-cookie': String(reply.getHeader('set-cookie')) }).end('raw')
  })

  await app.inject('/saved')
  t.same(lines, [])
  await app.inject('/lost')
  t.equal(lines[0]?.err?.code, 'AIO_ERR_SESSION_UNSAVED')
})

t.test('sessions work with routes, middlewares and responses of the package', async t => {
  const app = build(t)
  await app.register(signals)
  await app.register(exceptions)
  await app.register(middlewares, {
    middlewares: [async (request, handler) => {
      (await getSession(request)).set('around', true)
      return await handler(request)
    }]
  })
  await app.register(routes)
  await app.register(sessions, { storage: new StoreStorage(memoryStore()) })
  app.addRoutes([
    get('/', async request => jsonResponse(Object.fromEntries(await getSession(request)))),
    get('/sent', async (request, reply?: FastifyReply) => {
      (await getSession(request, reply)).set('sent', true)
      reply?.send({ ok: true })
    })
  ])
  const browser = new Browser(app)

  t.same((await browser.get('/')).json(), { around: true })
  t.same((await browser.get('/sent')).json(), { ok: true })
  t.same((await browser.get('/')).json(), { around: true, sent: true })
})

t.test('a handler may answer in all of the ways of Fastify while its session is being saved', async t => {
  const app = build(t)
  await app.register(sessions, { storage: new StoreStorage(memoryStore()) })
  const touch = async (request: Parameters<typeof getSession>[0]) => { (await getSession(request)).set('at', Date.now()) }
  app.get('/return', async request => {
    await touch(request)
    return { ok: true }
  })
  app.get('/send', async (request, reply) => {
    await touch(request)
    reply.send({ ok: true })
  })
  app.get('/return-reply', async (request, reply) => {
    await touch(request)
    return reply.send({ ok: true })
  })
  app.get('/callback', (request, reply) => {
    touch(request).then(() => reply.send({ ok: true }), error => reply.send(error))
  })
  app.get('/throw-after', async (request, reply) => {
    await touch(request)
    reply.send({ ok: true })
    throw new Error('too late')
  })
  app.get('/platform', async request => {
    await touch(request)
    return Response.json({ ok: true }, { headers: { 'set-cookie': 'other=1' } })
  })

  for (const url of ['/return', '/send', '/return-reply', '/callback', '/throw-after', '/platform']) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 200, url)
    t.same(response.json(), { ok: true }, url)
    t.ok(response.cookies.some(({ name }) => name === 'AIOHTTP_SESSION'), url)
  }
})

t.test('hooks may read the session; they, error handlers and not-found handlers give the reply to change it', async t => {
  const app = build(t)
  await app.register(sessions, { storage: new MemoryStorage() })
  app.addHook('preHandler', async (request, reply) => {
    if (request.url !== '/forgotten') return
    const session = await getSession(request)
    t.throws(() => session.set('a', 1), { code: 'AIO_ERR_SESSION_REPLY' })
    t.equal(await getSession(request, reply), session)
    session.set('a', 1)
  })
  app.setNotFoundHandler(async (request, reply) => {
    (await getSession(request, reply)).set('lost', request.url)
    return reply.code(404).send('nothing here')
  })
  app.get('/forgotten', async () => 'ok')

  t.match((await app.inject('/forgotten')).headers['set-cookie'], /^AIOHTTP_SESSION=/)
  t.match((await app.inject('/nowhere')).headers['set-cookie'], /^AIOHTTP_SESSION=/)
})

t.test('what is set up wrongly is told', async t => {
  const app = build(t)
  app.get('/', async request => {
    await t.rejects(getSession(request), { code: 'AIO_ERR_SESSION_MISSING' })
    await t.rejects(newSession(request), { code: 'AIO_ERR_SESSION_MISSING' })
  })
  await app.inject('/')
  const storage = new MemoryStorage()
  const wrong: [options: object, code: string][] = [
    [{}, 'AIO_ERR_OPTION_INVALID'],
    [{ storage: {} }, 'AIO_ERR_OPTION_INVALID'],
    [{ storage, maxage: 1 }, 'AIO_ERR_OPTION_UNKNOWN'],
    [{ storage, maxAge: 0 }, 'AIO_ERR_OPTION_INVALID'],
    [{ storage, rolling: 'yes' }, 'AIO_ERR_OPTION_INVALID'],
    [{ storage, cookieName: 'a b' }, 'AIO_ERR_COOKIE_NAME'],
    [{ storage, sameSite: 'None', secure: false }, 'AIO_ERR_OPTION_INVALID'],
    [{ storage, cookieName: '__Host-s', path: '/a' }, 'AIO_ERR_OPTION_INVALID'],
    [{ storage, cookieName: '__Host-s', domain: 'a.example' }, 'AIO_ERR_OPTION_INVALID'],
    [{ storage, cookieName: '__Secure-s', secure: false }, 'AIO_ERR_OPTION_INVALID']
  ]
  for (const [options, code] of wrong) {
    const register = async () => await build(t).register(sessions, options as SessionsOptions)
    await t.rejects(register(), { code }, JSON.stringify(options))
  }
  t.throws(() => new SignedCookieStorage({ keys: 'short' }), { code: 'AIO_ERR_SECRET' })
  t.throws(() => new EncryptedCookieStorage({ keys: [] }), { code: 'AIO_ERR_SECRET' })
  t.throws(() => new EncryptedCookieStorage({ keys: 5 as never }), { code: 'AIO_ERR_SECRET' })
  t.throws(() => new StoreStorage({} as never), { code: 'AIO_ERR_SESSION_STORE' })
  t.doesNotThrow(() => new SignedCookieStorage({ keys: [otherKey, key] }))
})
