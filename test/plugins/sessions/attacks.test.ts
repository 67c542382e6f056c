/** What clients may send in place of a session, and how long one lives. */

import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import sessions, {
  EncryptedCookieStorage, getSession, SignedCookieStorage, StoreStorage, type SessionsOptions, type SessionStorage
} from '../../../plugins/sessions/index.ts'
import { build } from '../../helper.ts'
import { Browser, key, memoryStore, otherKey } from './helper.ts'

interface Line { level: number, reason?: string, msg: string }

/** An app that counts visits, and what it logs. */
async function counter (t: Test, options: SessionsOptions): Promise<{ app: FastifyInstance, lines: Line[] }> {
  const lines: Line[] = []
  const stream = { write: (line: string) => { lines.push(JSON.parse(line)) } }
  const app = build(t, { logger: { level: 'info', stream }, disableRequestLogging: true })
  await app.register(exceptions)
  await app.register(sessions, options)
  app.get('/', async request => (await getSession(request)).get('count') ?? 0)
  app.get('/plain', async () => 'plain')
  app.get('/count', async request => {
    const session = await getSession(request)
    session.set('count', (session.get<number>('count') ?? 0) + 1)
    return session.get('count')
  })
  app.get('/set', async request => {
    (await getSession(request)).set('value', (request.query as { kind: string }).kind === 'large' ? 'x'.repeat(5000) : 1n)
  })
  app.get('/identity/:id', async request => {
    const session = await getSession(request)
    session.setNewIdentity((request.params as { id: string }).id)
    session.set('a', 1)
  })
  return { app, lines }
}

const kinds: Record<string, (keys: string | string[]) => SessionStorage> = {
  signed: keys => new SignedCookieStorage({ keys }),
  encrypted: keys => new EncryptedCookieStorage({ keys })
}

for (const [name, storage] of Object.entries(kinds)) {
  t.test(`a ${name} cookie that is not ours is a new session and one line in the log`, async t => {
    const { app, lines } = await counter(t, { storage: storage(key) })
    const cookieOf = async (options: SessionsOptions) => {
      const browser = new Browser((await counter(t, options)).app)
      await browser.get('/count')
      return [...browser.cookies.values()][0]!
    }
    const good = await cookieOf({ storage: storage(key) })
    const middle = good.length >> 1

    const bad: Record<string, string> = {
      nonsense: 'nonsense',
      dots: '...',
      'cut off': good.slice(0, -3),
      'the beginning cut off': good.slice(3),
      longer: `${good}AAAA`,
      'one letter changed': `${good.slice(0, middle)}${good[middle] === 'A' ? 'B' : 'A'}${good.slice(middle + 1)}`,
      'of another key': await cookieOf({ storage: storage(otherKey) }),
      'of another cookie': await cookieOf({ storage: storage(key), cookieName: 'other' }),
      'of the other kind': await cookieOf({ storage: kinds[name === 'signed' ? 'encrypted' : 'signed']!(key) }),
      'plain JSON': encodeURIComponent(JSON.stringify({ created: Date.now(), session: { count: 99 } })),
      'too long': 'A'.repeat(5000),
      bytes: '\u00ff\u00fe'
    }
    t.equal((await app.inject({ url: '/', cookies: { AIOHTTP_SESSION: good } })).json(), 1)
    t.same(lines, [])
    for (const [what, value] of Object.entries(bad)) {
      lines.length = 0
      const response = await app.inject({ url: '/', headers: { cookie: `AIOHTTP_SESSION=${value}` } })
      t.equal(response.body, '0', what)
      t.equal(lines.length, 1, `${what}: one line`)
      t.equal(lines[0]?.level, 40)
      t.notOk(JSON.stringify(lines).includes(value.slice(0, 20)), `${what}: without the value`)
    }
    lines.length = 0
    await app.inject({ url: '/plain', headers: { cookie: 'AIOHTTP_SESSION=nonsense' } })
    t.same(lines, [], 'who does not ask is not told')
  })

  t.test(`a good ${name} cookie counts though a bad one of its name comes first`, async t => {
    const { app } = await counter(t, { storage: storage(key) })
    const browser = new Browser(app)
    await browser.get('/count')
    const cookie = `AIOHTTP_SESSION=tossed; x=y; AIOHTTP_SESSION=${browser.cookies.get('AIOHTTP_SESSION')}`

    t.equal((await app.inject({ url: '/', headers: { cookie } })).body, '1')
  })

  t.test(`keys of ${name} cookies can be changed`, async t => {
    const old = new Browser((await counter(t, { storage: storage(otherKey) })).app)
    await old.get('/count')
    const before = old.cookies.get('AIOHTTP_SESSION')!
    const rotated = new Browser((await counter(t, { storage: storage([key, otherKey]) })).app)
    rotated.cookies.set('AIOHTTP_SESSION', before)

    t.equal((await rotated.get('/count')).body, '2')
    const fresh = new Browser((await counter(t, { storage: storage(key) })).app)
    fresh.cookies.set('AIOHTTP_SESSION', rotated.cookies.get('AIOHTTP_SESSION')!)
    t.equal((await fresh.get('/')).body, '2', 'the first key is used for new cookies')
  })

  t.test(`what does not fit into a ${name} cookie is told, and the session stays as it was`, async t => {
    const { app, lines } = await counter(t, { storage: storage(key) })
    const browser = new Browser(app)
    await browser.get('/count')

    t.equal((await browser.get('/set?kind=large')).statusCode, 500)
    t.match(JSON.stringify(lines), /AIO_ERR_SESSION_TOO_LARGE/)
    t.equal((await browser.get('/set?kind=bigint')).statusCode, 500)
    t.match(JSON.stringify(lines), /AIO_ERR_SESSION_VALUE/)
    t.equal((await browser.get('/')).body, '1')
  })
}

t.test('an encrypted cookie tells nothing and is another one each time', async t => {
  const { app } = await counter(t, { storage: new EncryptedCookieStorage({ keys: key }) })
  const values = await Promise.all([1, 2].map(async () => (await app.inject('/count')).cookies[0]!.value))

  t.not(values[0], values[1])
  t.notMatch(Buffer.from(values[0]!, 'base64url').toString('latin1'), /count/)
})

t.test('ids that no store should be asked for are not asked for', async t => {
  const store = memoryStore()
  const { app, lines } = await counter(t, { storage: new StoreStorage(store) })

  for (const id of ['short', 'x'.repeat(300), '../../etc/passwd/../../', 'a b c d e f g h i j', '*'.repeat(20), '"quoted-quoted-quoted"']) {
    t.equal((await app.inject({ url: '/', headers: { cookie: `AIOHTTP_SESSION=${id}` } })).body, '0')
  }
  t.same(store.calls, [])
  t.equal(lines.length, 6)
})

t.test('an id may be chosen for a new session only', async t => {
  const { app, lines } = await counter(t, { storage: new StoreStorage(memoryStore()) })
  const browser = new Browser(app)
  await browser.get(`/identity/${'i'.repeat(20)}`)
  t.equal(browser.cookies.get('AIOHTTP_SESSION'), 'i'.repeat(20))

  t.equal((await browser.get(`/identity/${'j'.repeat(20)}`)).statusCode, 500)
  t.match(JSON.stringify(lines), /AIO_ERR_SESSION_IDENTITY/)
  t.equal((await app.inject('/identity/short')).statusCode, 500)
  t.match(JSON.stringify(lines), /AIO_ERR_SESSION_ID"/)
})

t.test('what is broken in a store is a new session', async t => {
  const store = memoryStore()
  const { app, lines } = await counter(t, { storage: new StoreStorage(store) })
  const browser = new Browser(app)
  await browser.get('/count')
  const [name] = store.entries.keys()

  for (const text of ['', '{', 'null', '[]', '{"session":{}}', '{"created":1,"saved":"1","maxAge":1,"session":{}}']) {
    store.entries.set(name!, text)
    lines.length = 0
    t.equal((await app.inject({ url: '/', cookies: { AIOHTTP_SESSION: browser.cookies.get('AIOHTTP_SESSION')! } })).body, '0')
    t.equal(lines.length, 1)
  }
})

t.test('a session ends some time after it was saved last, or renewed, or after it began', async t => {
  const { now } = Date
  let ahead = 0
  Date.now = () => now() + ahead
  t.teardown(() => { Date.now = now })
  /** What is left of a session that is asked for after each of these times. */
  const visits = async (options: Partial<SessionsOptions>, ...times: number[]) => {
    ahead = 0
    const { app } = await counter(t, { storage: new SignedCookieStorage({ keys: key }), ...options })
    let cookie = (await app.inject('/count')).cookies[0]!.value
    const seen: string[] = []
    for (const time of times) {
      ahead += time
      const response = await app.inject({ url: '/', cookies: { AIOHTTP_SESSION: cookie } })
      seen.push(response.body)
      cookie = response.cookies[0]?.value ?? cookie
    }
    return seen.join('')
  }

  t.equal(await visits({ maxAge: 1000 }, 900, 200), '10')
  t.equal(await visits({ maxAge: 1000, rolling: true }, 900, 900, 900, 1100), '1110')
  t.equal(await visits({ maxAge: 1000, rolling: 500 }, 400, 700), '10', 'it was not old enough to be renewed')
  t.equal(await visits({ maxAge: 1000, rolling: 500 }, 600, 700), '11')
  t.equal(await visits({ maxAge: 1000, absoluteMaxAge: 2000, rolling: true }, 900, 900, 300), '110')
})
