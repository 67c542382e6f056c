/** The end of an app: by whoever calls for it, twice, at once, or too late. */

import t from 'tap'
import signals from '../../plugins/signals/index.ts'
import { build } from '../helper.ts'
import { boom, down, tree, up } from './signals-helper.ts'

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
