import t from 'tap'
import type { FastifyRequest } from 'fastify'
import state, { AppKey, RequestKey } from '../../plugins/state.ts'
import { build } from '../helper.ts'

const limit = new AppKey<number>('limit')
const user = new RequestKey<{ name: string }>('user')

t.test('app.state keeps typed values', async t => {
  const app = build(t)
  await app.register(state)

  app.state.set(limit, 10)
  const value: number = app.state.get(limit)
  // @ts-expect-error a number is no string
  const wrong: string = app.state.get(limit)
  // @ts-expect-error a string is no number
  t.throws(() => app.state.set(limit, 'ten'), { code: 'AIO_ERR_STATE_DUPLICATE' })
  // @ts-expect-error a key of a request is no key of an app
  t.throws(() => app.state.get(user), { code: 'AIO_ERR_STATE_KEY' })

  t.equal(value, 10)
  t.equal(wrong, 10)
  t.ok(app.state.has(limit))
})

t.test('a key is the object, not its name', async t => {
  const app = build(t)
  await app.register(state)
  const twin = new AppKey<number>('limit')

  app.state.set(limit, 1)
  app.state.set(twin, 2)

  t.equal(app.state.get(limit), 1)
  t.equal(app.state.get(twin), 2)
  t.equal(String(twin), 'AppKey(limit)')
})

t.test('get() names the missing key, or takes a fallback', async t => {
  const app = build(t)
  await app.register(state)

  t.throws(() => app.state.get(limit), { code: 'AIO_ERR_STATE_MISSING', message: /"limit"/ })
  const value: number | null = app.state.get(limit, null)
  t.equal(value, null)
  t.equal(app.state.get(limit, undefined), undefined)
})

t.test('set() refuses a second value, replace() does not', async t => {
  const app = build(t)
  await app.register(state)
  app.state.set(limit, 1)

  t.throws(() => app.state.set(limit, 2), { code: 'AIO_ERR_STATE_DUPLICATE' })
  app.state.replace(limit, 3)
  t.equal(app.state.get(limit), 3)
  t.ok(app.state.delete(limit))
  t.notOk(app.state.delete(limit))
  app.state.set(limit, 4)
  t.equal(app.state.get(limit), 4)
})

t.test('values that are no keys are refused', async t => {
  const app = build(t)
  await app.register(state)

  for (const key of ['limit', Symbol('limit'), null, undefined, {}, { name: 'limit' }]) {
    for (const call of ['get', 'set', 'has', 'delete', 'replace'] as const) {
      t.throws(() => Reflect.apply(app.state[call], app.state, [key, 1]), { code: 'AIO_ERR_STATE_KEY' })
    }
  }
  for (const name of ['', undefined, 5]) {
    t.throws(() => Reflect.construct(AppKey, [name]), { code: 'AIO_ERR_STATE_KEY' })
  }
})

t.test('a child looks keys up in its parents and keeps what it sets', async t => {
  const app = build(t)
  await app.register(state)
  const late = new AppKey<string>('late')
  app.state.set(limit, 1)

  await app.register(async child => {
    t.equal(child.state.get(limit), 1)
    child.state.set(limit, 2)
    await child.register(async grandchild => {
      t.equal(grandchild.state.get(limit), 2)
      grandchild.get('/', async () => [grandchild.state.get(limit), grandchild.state.get(late)])
    })
    t.notOk(child.state.delete(late))
  })
  t.equal(app.state.get(limit), 1)
  app.state.set(late, 'seen from below')

  t.same((await app.inject('/')).json(), [2, 'seen from below'])
})

t.test('app.state is frozen as soon as ready() is over, not before', async t => {
  const app = build(t)
  await app.register(state)
  let child = app
  await app.register(async instance => { child = instance })
  app.addHook('onReady', async () => app.state.set(limit, 1))

  await app.ready()

  t.throws(() => app.state.set(limit, 2), { code: 'AIO_ERR_STATE_FROZEN' })
  t.throws(() => app.state.replace(limit, 2), { code: 'AIO_ERR_STATE_FROZEN' })
  t.throws(() => app.state.delete(limit), { code: 'AIO_ERR_STATE_FROZEN' })
  t.throws(() => child.state.set(limit, 2), { code: 'AIO_ERR_STATE_FROZEN' })
  t.equal(app.state.get(limit), 1)
})

t.test('app.state is frozen for callbacks of ready(), after inject() and in a child', async t => {
  const app = build(t)
  await app.register(state)
  const code = await new Promise(resolve => app.ready(() => {
    try {
      app.state.set(limit, 1)
    } catch (error) {
      resolve(Object(error).code)
    }
  }))
  t.equal(code, 'AIO_ERR_STATE_FROZEN')

  const other = build(t)
  await other.register(async child => {
    await child.register(state)
    child.get('/', async () => {
      t.throws(() => child.state.set(limit, 1), { code: 'AIO_ERR_STATE_FROZEN' })
    })
  })
  await other.inject('/')
})

t.test('request.state belongs to one request', async t => {
  const app = build(t)
  await app.register(state)
  let seen: FastifyRequest | undefined
  app.addHook('onRequest', async request => {
    if (request.url === '/set') request.state.set(user, { name: 'Ada' })
  })
  app.get('/set', async request => {
    seen = request
    t.throws(() => Reflect.apply(request.state.get, request.state, [limit]), { code: 'AIO_ERR_STATE_KEY' })
    const { name } = request.state.get(user)
    request.state.set(user, { name: `${name} L.` })
    return [name, request.state.get(user).name, request.state.delete(user), request.state.has(user)]
  })
  app.get('/none', async request => {
    t.throws(() => request.state.get(user), { code: 'AIO_ERR_STATE_MISSING' })
    return request.state.get(user, { name: 'nobody' })
  })

  t.same((await app.inject('/set')).json(), ['Ada', 'Ada L.', true, false])
  t.same((await app.inject('/none')).json(), { name: 'nobody' })
  t.equal(seen?.state, seen?.state)
})

t.test('options are refused: there are none', async t => {
  const app = build(t)
  await t.rejects(async () => app.register(state, Object({ frozen: true })), { code: 'AIO_ERR_OPTION_UNKNOWN' })
})
