/** The life of a runner: set up, sites, cleaned up, and what it refuses. */

import { type FastifyInstance } from 'fastify'
import t from 'tap'
import { AppRunner, TCPSite, type RunnerOptions } from '../../../plugins/runner/index.ts'
import { get, Raw } from '../../raw.ts'
import { ask, createApp, start, startSite } from './app-runner-helper.ts'

t.test('AppRunner refuses what is no app and options it does not know', async t => {
  const { app } = createApp()
  t.teardown(() => app.close())
  const wrong = (value: unknown, options?: unknown) => () => new AppRunner(
    value as FastifyInstance, options as RunnerOptions)

  t.throws(wrong(undefined), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(wrong(null), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(wrong({}), { code: 'AIO_ERR_ARGUMENT_INVALID', message: /a Fastify instance/ })
  t.throws(wrong(() => {}), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(wrong(app, { shutdown_timeout: 1 }), { code: 'AIO_ERR_OPTION_UNKNOWN', message: /shutdown_timeout/ })
  t.throws(wrong(app, null), { code: 'AIO_ERR_OPTION_INVALID' })
})

t.test('AppRunner refuses options of the wrong type', async t => {
  const { app } = createApp()
  t.teardown(() => app.close())
  const cases: Record<string, unknown[]> = {
    shutdownTimeout: ['1', -1, NaN, null],
    shutdownDelay: ['0', -1],
    cancelTimeout: [true],
    cleanupTimeout: [{}],
    idleGrace: [-5],
    keepAliveTimeout: [1.5, '5'],
    handleSignals: [1, 'yes'],
    server: ['x', null],
    log: [console.log],
    onPhase: ['drain']
  }

  for (const [key, values] of Object.entries(cases)) {
    for (const value of values) {
      t.throws(() => new AppRunner(app, { [key]: value } as RunnerOptions), { code: 'AIO_ERR_OPTION_INVALID' }, key)
    }
    t.doesNotThrow(() => new AppRunner(app, { [key]: undefined } as RunnerOptions))
  }
})

t.test('a site before setup() is refused, and one after cleanup() too', async t => {
  const { app } = createApp()
  const runner = new AppRunner(app)
  t.equal(runner.phase, 'new')
  t.throws(() => new TCPSite(runner), { code: 'AIO_ERR_RUNNER_NOT_SET_UP' })

  await runner.setup()
  t.equal(runner.phase, 'running')
  const early = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await runner.cleanup()

  t.equal(runner.phase, 'closed')
  t.throws(() => new TCPSite(runner), { code: 'AIO_ERR_RUNNER_CLOSED' })
  await t.rejects(early.start(), { code: 'AIO_ERR_RUNNER_CLOSED' })
  await t.rejects(runner.setup(), { code: 'AIO_ERR_RUNNER_CLOSED' })
})

t.test('a site starts once, stops once, and may start again', async t => {
  const { app } = createApp()
  const runner = await start(t, app)
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await t.rejects(site.stop(), { code: 'AIO_ERR_SITE_NOT_STARTED' })

  await site.start()
  await t.rejects(site.start(), { code: 'AIO_ERR_SITE_STARTED' })
  t.same([...runner.sites], [site])
  t.ok(site.listening)

  await site.stop()
  await t.rejects(site.stop(), { code: 'AIO_ERR_SITE_NOT_STARTED' })
  t.same([...runner.sites], [])
  t.notOk(site.listening)
  await t.rejects(ask({ port: site.port }), { code: 'ECONNREFUSED' })

  await site.start()
  t.equal(await ask({ port: site.port }), 'hello')
})

t.test('a site that is stopped, or whose runner is, while it starts does not listen', async t => {
  const { app } = createApp()
  const runner = await start(t, app)
  const [first, second] = [0, 0].map(port => new TCPSite(runner, { host: '127.0.0.1', port })) as [TCPSite, TCPSite]

  const starting = t.rejects(first.start(), { code: 'AIO_ERR_SITE_NOT_STARTED' })
  await first.stop()
  await starting
  t.notOk(first.listening)

  const late = t.rejects(second.start(), { code: 'AIO_ERR_RUNNER_CLOSED' })
  await runner.cleanup()
  await late
  t.notOk(second.listening)
  t.same(runner.addresses, [])
})

t.test('setup() and cleanup() twice give the same promise', async t => {
  const { app, log } = createApp()
  const runner = new AppRunner(app)

  const setup = runner.setup()
  t.equal(runner.setup(), setup)
  await setup
  const cleanup = runner.cleanup()
  t.equal(runner.cleanup(), cleanup)
  await cleanup

  t.same(log, ['ready', 'close'])
  t.equal(runner.cleanup(), cleanup)
})

t.test('cleanup() before setup() closes the app', async t => {
  const { app, log } = createApp()
  const runner = new AppRunner(app)

  await runner.cleanup()

  t.same(log, ['close'])
  t.equal(runner.phase, 'closed')
})

t.test('cleanup() after a failed setup() closes the app', async t => {
  const { app, log } = createApp()
  app.addHook('onReady', async () => { throw new Error('no database') })
  const runner = new AppRunner(app)

  await t.rejects(runner.setup(), { message: 'no database' })
  await t.rejects(runner.setup(), { message: 'no database' })
  t.throws(() => new TCPSite(runner), { code: 'AIO_ERR_RUNNER_NOT_SET_UP' })
  await runner.cleanup()

  t.same(log, ['ready', 'close'])
})

t.test('cleanup() while setup() runs waits for it, and nothing waits for a delay', async t => {
  const { app, log } = createApp()
  let release = () => {}
  const held = new Promise<void>(resolve => { release = resolve })
  app.addHook('onReady', async () => {
    await held
    log.push('held')
  })
  const runner = new AppRunner(app, { shutdownDelay: 60_000 })

  const setup = runner.setup()
  const cleanup = runner.cleanup()
  release()
  await setup
  await cleanup

  t.same(log, ['ready', 'held', 'close'])
})

t.test('await using cleans up', async t => {
  const { app, log } = createApp()
  {
    await using runner = new AppRunner(app)
    await runner.setup()
    const site = await startSite(runner)
    t.equal(await ask({ port: site.port }), 'hello')
  }

  t.same(log, ['ready', 'close'])
})

t.test('hurry() as the first call skips the delay', async t => {
  const { app } = createApp()
  const warnings: string[] = []
  const log = { info () {}, warn: (text: string) => { warnings.push(text) }, error () {} }
  const runner = await start(t, app, { shutdownDelay: 60_000, log })
  await startSite(runner)

  await runner.hurry()

  t.equal(runner.phase, 'closed')
  t.same(warnings, [], 'nobody was given up')
})

t.test('times without a limit are not taken for none', async t => {
  const { app } = createApp()
  let answered = false
  let open = () => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  app.get('/gate', async () => {
    await gate
    answered = true
    return 'late'
  })
  const runner = await start(t, app, {
    shutdownTimeout: Infinity,
    cleanupTimeout: Infinity,
    onPhase (phase) { if (phase === 'drain') setImmediate(open) }
  })
  const site = await startSite(runner)
  const raw = await Raw.open(t, { port: site.port })
  raw.write(get('/') + get('/gate'))
  await raw.until(/hello/)

  await runner.cleanup()

  t.ok(answered)
  t.match((await raw.ended).text, /late$/)
})

t.test('an error of onPhase and one of a hook are both reported, and everything is done', async t => {
  const { app, log } = createApp()
  app.addHook('onClose', async () => { throw new Error('of the hook') })
  const runner = new AppRunner(app, { onPhase (phase) { if (phase === 'lame') throw new Error('of onPhase') } })
  await runner.setup()

  await t.rejects(runner.cleanup(), { errors: [{ message: 'of onPhase' }, { message: 'of the hook' }] })

  t.equal(runner.phase, 'closed')
  t.ok(log.includes('close'))
})
