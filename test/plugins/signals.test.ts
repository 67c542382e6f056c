/** Signals and contexts: who is called when, and what an error does. */

import t from 'tap'
import type { FastifyInstance } from 'fastify'
import signals from '../../plugins/signals/index.ts'
import { build } from '../helper.ts'
import { down, exits, tree, up, variants } from './signals-helper.ts'

t.test('every receiver may do what it likes: order, errors and cleanup are those of the model', async t => {
  let combinations = 0
  const runs: Promise<unknown>[] = []
  for (const { name, does, code } of variants) {
    for (const kind of ['enter', 'startup', 'shutdown', 'exit', 'cleanup']) {
      const starting = kind === 'enter' || kind === 'startup'
      // Startup has no limit of ours; Fastify's is tested below.
      if (starting && code === 'AIO_ERR_HOOK_TIMEOUT') continue
      for (const position of [0, 1, 2]) {
        combinations++
        runs.push(check(`${kind} ${position}`, `${kind} ${position} ${name}`, does, starting, code))
      }
    }
  }
  await Promise.all(runs)
  t.ok(combinations >= 100, `${combinations} combinations`)

  async function check (bad: string, title: string, does: () => unknown, starting: boolean, code?: string) {
    const log: string[] = []
    // On a busy machine anything may take 20 ms: only those that are to miss their limit get so short a one.
    const limit = code === 'AIO_ERR_HOOK_TIMEOUT' ? 20 : 10_000
    const app = await tree(t, log, step => step === bad ? does() : undefined, limit)
    if (starting && code !== undefined) {
      await t.rejects(async () => app.ready(), { code }, title)
      const reached = up.slice(0, up.indexOf(bad) + 1)
      const entered = reached.filter(step => step.startsWith('enter') && step !== bad).length
      const expected = [...reached, ...exits.slice(3 - entered)]
      t.same(log, expected, title)
      await app.close()
      t.same(log, expected, `${title}: nothing is left to close`)
      return
    }
    await app.ready()
    if (code === undefined) await app.close()
    else await t.rejects(app.close(), { code }, title)
    t.same(log, [...up, ...down], title)
  }
})

t.test('several errors come out of close() together, in order', async t => {
  const app = await tree(t, [], step => {
    if (/shutdown 1|exit 1|cleanup [02]/.test(step)) throw new Error(step)
  })
  await app.ready()

  await t.rejects(app.close(), {
    name: 'CleanupError',
    errors: ['shutdown 1', 'exit 1', 'cleanup 0', 'cleanup 2'].map(message => ({ message }))
  })
})

t.test('a failed startup gives its error first and those of leaving after it', async t => {
  const app = await tree(t, [], step => {
    if (/startup 1|exit [02]/.test(step)) throw new Error(step)
  })

  await t.rejects(async () => app.ready(), {
    name: 'CleanupError',
    errors: ['startup 1', 'exit 2', 'exit 0'].map(message => ({ message }))
  })
  await app.close()
})

t.test('receivers run one after the other and get the app they were added on', async t => {
  const app = build(t)
  await app.register(signals)
  const apps: unknown[] = []
  let inside: FastifyInstance | undefined
  let busy = 0
  const receiver = async (app: FastifyInstance) => {
    apps.push(app)
    t.equal(++busy, 1)
    await new Promise(resolve => setImmediate(resolve))
    busy--
  }
  await app.register(async child => {
    inside = child
    child.onStartup(receiver)
    child.onShutdown(receiver)
    child.cleanupContext(async function * (app) {
      apps.push(app)
      yield
    })
  })
  app.onStartup(receiver)
  await app.ready()
  await app.close()

  t.same(apps.map(found => found === inside ? 'child' : found === app ? 'root' : 'other'),
    ['child', 'child', 'root', 'child'])
})

t.test('onShutdown with last runs after all others', async t => {
  const app = build(t)
  await app.register(signals)
  const log: string[] = []
  app.onShutdown(() => log.push('last'), { last: true })
  app.onShutdown(() => log.push('first'))
  t.throws(() => app.onShutdown(() => {}, Object({ final: true })), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await app.ready()
  await app.close()

  t.same(log, ['first', 'last'])
})

t.test('a generator context runs to its yield at startup and from there at close', async t => {
  const app = build(t)
  await app.register(signals)
  const log: string[] = []
  app.cleanupContext(async function * () {
    log.push('open')
    try {
      yield
    } finally {
      log.push('close')
    }
  })
  await app.ready()
  t.same(log, ['open'])
  await app.close()
  t.same(log, ['open', 'close'])
})

t.test('contexts of the wrong kind are coded errors', async t => {
  const cases: [context: unknown, code: string][] = [
    [async function * none () {}, 'AIO_ERR_CONTEXT_NO_YIELD'],
    [() => undefined, 'AIO_ERR_CONTEXT_INVALID'],
    [async () => ({ close () {} }), 'AIO_ERR_CONTEXT_INVALID'],
    [function * () { yield }, 'AIO_ERR_CONTEXT_INVALID']
  ]
  for (const [context, code] of cases) {
    const app = build(t)
    await app.register(signals)
    Reflect.apply(app.cleanupContext, app, [context])
    await t.rejects(async () => app.ready(), { code })
  }

  const app = build(t)
  await app.register(signals)
  for (const call of ['cleanupContext', 'onStartup', 'onShutdown', 'onCleanup', 'onResponsePrepare'] as const) {
    t.throws(() => Reflect.apply(app[call], app, [{}]), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  }
})

t.test('a generator that yields twice is ended and reported', async t => {
  const app = build(t)
  await app.register(signals)
  let ended = false
  app.cleanupContext(async function * twice () {
    try {
      yield
      yield
    } finally {
      ended = true
    }
  })
  await app.ready()

  await t.rejects(app.close(), { code: 'AIO_ERR_CONTEXT_YIELDS', message: /"twice"/ })
  t.ok(ended)
})

t.test('after startup nothing can be added', async t => {
  const app = build(t)
  await app.register(signals)
  const inStartup: unknown[] = []
  const log: string[] = []
  const late = {
    onStartup: () => app.onStartup(() => {}),
    cleanupContext: () => app.cleanupContext(async function * () { yield }),
    onShutdown: () => app.onShutdown(() => { log.push('shutdown') }),
    onCleanup: () => app.onCleanup(() => { log.push('cleanup') }),
    onResponsePrepare: () => app.onResponsePrepare(() => {})
  }
  app.cleanupContext(async function * () {
    // Contexts may add contexts, as in aiohttp.
    app.cleanupContext(async function * () {
      log.push('inner')
      yield
    })
    yield
  })
  app.onStartup(() => {
    // Twice: the first attempt must leave nothing behind.
    const prepare = [late.onResponsePrepare, late.onResponsePrepare]
    for (const add of [late.onStartup, late.cleanupContext, late.onShutdown, late.onCleanup, ...prepare]) {
      try {
        add()
        inStartup.push('ok')
      } catch (error) {
        inStartup.push(Object(error).code)
      }
    }
  })
  await app.ready()

  const frozen = 'AIO_ERR_APP_FROZEN'
  t.same(inStartup, [frozen, frozen, 'ok', 'ok', frozen, frozen])
  for (const add of Object.values(late)) t.throws(add, { code: 'AIO_ERR_APP_FROZEN' })
  await app.close()
  t.same(log, ['inner', 'shutdown', 'cleanup'])
})
