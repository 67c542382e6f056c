import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import signals from '../../plugins/signals/index.ts'
import { build } from '../helper.ts'

/** An app whose three nested contexts each add one receiver of every signal. */
async function tree (t: Test, log: string[], does: (step: string) => unknown, hookTimeout = 1000) {
  const app = build(t)
  t.teardown(() => app.close().catch(() => {}))
  await app.register(signals, { hookTimeout })
  const step = (name: string) => {
    log.push(name)
    return does(name)
  }
  const add = (app: FastifyInstance, id: number) => {
    // Against the order in which they run, so that the order is the work of the plugin.
    app.onCleanup(() => step(`cleanup ${id}`))
    app.onShutdown(() => step(`shutdown ${id}`))
    app.onStartup(() => step(`startup ${id}`))
    app.cleanupContext(async () => {
      await step(`enter ${id}`)
      return { [Symbol.asyncDispose]: async () => { await step(`exit ${id}`) } }
    })
  }
  add(app, 0)
  await app.register(async child => {
    add(child, 1)
    await child.register(async grandchild => add(grandchild, 2))
  })
  return app
}

const up = ['enter 0', 'enter 1', 'enter 2', 'startup 0', 'startup 1', 'startup 2']
const exits = ['exit 2', 'exit 1', 'exit 0']
const down = ['shutdown 0', 'shutdown 1', 'shutdown 2', ...exits, 'cleanup 0', 'cleanup 1', 'cleanup 2']
const boom = () => Object.assign(new Error('boom'), { code: 'BOOM' })

const variants: { name: string, does: () => unknown, code?: string }[] = [
  { name: 'sync', does: () => {} },
  { name: 'async', does: async () => {} },
  { name: 'throws sync', does: () => { throw boom() }, code: 'BOOM' },
  { name: 'rejects', does: () => Promise.reject(boom()), code: 'BOOM' },
  { name: 'never settles', does: () => new Promise(() => {}), code: 'AIO_ERR_HOOK_TIMEOUT' },
  { name: 'settles late', does: () => new Promise(resolve => setImmediate(resolve)) },
  { name: 'fails after its limit', does: () => new Promise((_resolve, reject) => setTimeout(reject, 60, boom())), code: 'AIO_ERR_HOOK_TIMEOUT' },
  { name: 'returns truthy', does: () => 42 },
  { name: 'resolves truthy', does: async () => boom() },
  // eslint-disable-next-line no-throw-literal
  { name: 'throws a string', does: () => { throw 'boom' }, code: 'AIO_ERR_HOOK_THROWN' },
  { name: 'rejects with undefined', does: () => Promise.reject(), code: 'AIO_ERR_HOOK_THROWN' } // eslint-disable-line prefer-promise-reject-errors
]

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

t.test('a failing receiver does not keep the preClose hooks of others from running', async t => {
  const app = build(t)
  await app.register(signals)
  let ran = false
  app.onShutdown(() => { throw boom() })
  app.addHook('preClose', async () => { ran = true })
  await app.ready()

  await t.rejects(app.close(), { code: 'BOOM' })
  t.ok(ran)
})

t.test('shutdown() gives every caller the same promise and runs once', async t => {
  const log: string[] = []
  const app = await tree(t, log, () => {})
  await app.signals.shutdown()
  t.same(log, [], 'nothing happens before startup')
  await app.ready()

  const first = app.signals.shutdown()
  t.equal(app.signals.shutdown(), first)
  await null
  t.match(app.signals.running, { signal: 'onShutdown', name: 'anonymous', since: Number })
  await first
  t.equal(app.signals.running, null)
  await app.signals.cleanup()
  await app.close()

  t.same(log, [...up, ...down])
})

t.test('cleanup() waits for a shutdown() that is still going on', async t => {
  const log: string[] = []
  const app = await tree(t, log, () => new Promise(resolve => setImmediate(resolve)))
  await app.ready()
  const shutdown = app.signals.shutdown()
  const cleanup = app.signals.cleanup()
  t.equal(app.signals.cleanup(), cleanup)
  await Promise.all([shutdown, cleanup])

  t.same(log, [...up, ...down])
})

t.test('errors of shutdown() and cleanup() go to who called them, and not again to who closes', async t => {
  const app = build(t)
  await app.register(signals)
  app.onShutdown(() => { throw boom() })
  app.onCleanup(() => { throw boom() })
  await app.ready()

  await t.rejects(app.signals.shutdown(), { code: 'BOOM' })
  await t.rejects(app.signals.cleanup(), { code: 'BOOM' })
  await app.close()
})

t.test('a receiver that waits for its own end is cut off, not waited for for ever', async t => {
  const app = build(t)
  t.teardown(() => app.close().catch(() => {}))
  await app.register(signals, { hookTimeout: 30 })
  app.onShutdown(async app => app.signals.shutdown())
  app.onCleanup(async app => app.signals.cleanup())
  await app.ready()

  await t.rejects(app.close(), {
    name: 'CleanupError',
    errors: [{ code: 'AIO_ERR_HOOK_TIMEOUT' }, { code: 'AIO_ERR_HOOK_TIMEOUT' }]
  })
})

t.test('close() before ready(), twice, and at the same time', async t => {
  const log: string[] = []
  const early = await tree(t, log, () => {})
  await early.close()
  await early.close()
  t.same(log, [], 'what never started is not stopped')

  const app = await tree(t, log, () => {})
  await app.ready()
  await Promise.all([app.close(), app.close()])
  await app.close()
  t.same(log, [...up, ...down])
})

t.test('a startup that Fastify gives up on is undone by close()', async t => {
  const app = build(t, { pluginTimeout: 30 })
  await app.register(signals)
  const log: string[] = []
  let release = () => {}
  const ended = new Promise<void>(resolve => {
    app.cleanupContext(async function * () {
      yield
      log.push('first left')
    })
    app.cleanupContext(async function * () {
      await new Promise<void>(resolve => { release = resolve })
      yield
      log.push('second left')
      resolve()
    })
  })
  app.onStartup(() => log.push('startup'))

  await t.rejects(async () => app.ready(), { code: 'FST_ERR_HOOK_TIMEOUT' })
  await app.close()
  t.same(log, ['first left'])
  release()
  await ended
  t.same(log, ['first left', 'second left'])
})

t.test('receivers that need longer than pluginTimeout are still waited for', async t => {
  const app = build(t, { pluginTimeout: 40 })
  await app.register(signals)
  const log: string[] = []
  app.onShutdown(async () => {
    await new Promise(resolve => setTimeout(resolve, 80))
    log.push('shutdown')
  })
  app.addHook('preClose', async () => { log.push('other preClose') })
  app.onCleanup(() => log.push('cleanup'))
  await app.ready()
  await app.close()

  t.same(log, ['other preClose', 'shutdown', 'cleanup'])
})

t.test('hookTimeout is checked', async t => {
  for (const hookTimeout of [0, -1, 1.5, '10', 2 ** 31]) {
    const app = build(t)
    await t.rejects(async () => app.register(signals, Object({ hookTimeout })), { code: 'AIO_ERR_OPTION_INVALID' })
  }
})
