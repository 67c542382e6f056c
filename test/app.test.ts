import t from 'tap'
import bundle, * as door from '../app.ts'
import { build } from './helper.ts'

const names = [
  'state', 'signals', 'exceptions', 'requests', 'responses', 'middlewares', 'routes', 'static', 'cors', 'websockets',
  'jobs', 'sse'
] as const

t.test('every plugin is registered', async t => {
  const app = build(t)
  await app.register(bundle)

  for (const name of names) t.ok(app.hasPlugin(name), name)
  t.ok(app.hasPlugin('client-session'), 'its key is the decorator\'s name')
  t.ok(app.hasPlugin('app'))
})

t.test('false leaves a plugin out', async t => {
  const app = build(t)
  await app.register(bundle, { ...Object.fromEntries(names.map(name => [name, false])), client: false })

  for (const name of names) t.notOk(app.hasPlugin(name), name)
  await app.ready()
})

t.test('a key that is no plugin, and options that are none, are refused', async t => {
  await t.rejects(async () => await build(t).register(bundle, { webSockets: {} } as never),
    { code: 'AIO_ERR_OPTION_UNKNOWN', message: /"webSockets".*state/ })
  for (const value of [true, null, 'on', 0]) {
    await t.rejects(async () => await build(t).register(bundle, { state: value } as never),
      { code: 'AIO_ERR_OPTION_INVALID' })
  }
})

t.test('the options of a plugin reach it', async t => {
  await t.rejects(async () => await build(t).register(bundle, { signals: { hookTimeout: -1 } }),
    { code: 'AIO_ERR_OPTION_INVALID', message: /hookTimeout/ })
})

t.test('options for a plugin that has none are refused', async t => {
  await t.rejects(async () => await build(t).register(bundle, { static: { root: '.' } } as never),
    { code: 'AIO_ERR_OPTION_INVALID', message: /"static".*no options/ })
})

t.test('a plugin whose foundation was left out is refused by name', async t => {
  await t.rejects(async () => await build(t).register(bundle, { exceptions: false, middlewares: false, routes: false }),
    { message: /'exceptions'.*'static'/ })
})

t.test('two apps of one process do not see each other', async t => {
  const [one, two] = [build(t), build(t)]
  await one.register(bundle)
  await two.register(bundle)
  const key = new door.AppKey<string>('key')
  one.state.set(key, 'one')

  t.notOk(two.state.has(key))
})
