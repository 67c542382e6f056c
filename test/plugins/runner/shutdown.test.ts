/** The phases of a shutdown. */

import t from 'tap'
import { TCPSite } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { get, Raw } from '../../raw.ts'
import { createApp, start } from './shutdown-helper.ts'

t.test('phases come in order; hurry() skips the waiting and never the cleanup', async t => {
  const { app } = createApp()
  const closed: string[] = []
  app.addHook('onClose', async () => { closed.push('closed') })
  const { runner, phases, enter } = await start(t, app, { shutdownTimeout: 60_000, shutdownDelay: 60_000 })
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const never = await Raw.open(t, { port: site.port })
  never.write(get('/never'))
  const lame = enter('lame')

  const cleanup = runner.cleanup()
  await lame
  t.equal(await (await fetch(`http://127.0.0.1:${site.port}/`)).text(), 'hello', 'a lame server still serves')
  t.equal(runner.hurry(), cleanup)
  await cleanup

  t.same(phases, ['lame', 'unlisten', 'notify', 'drain', 'cancel', 'kill', 'cleanup', 'closed'])
  t.match((await never.ended).text, /^HTTP\/1.1 503/)
  t.same(closed, ['closed'])
  t.equal(runner.phase, 'closed')
})

t.test('a response that says keep-alive before the shutdown leaves its connection a last request', async t => {
  const { app } = createApp()
  const { runner, enter } = await start(t, app, { idleGrace: 60_000, shutdownTimeout: 5000 })
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const raw = await Raw.open(t, { port: site.port })
  raw.write(get('/'))
  await raw.until(/hello$/)
  const draining = enter('drain')

  const closed = runner.cleanup()
  await draining
  raw.write(get('/'))
  const { text, by } = await raw.ended
  await closed

  t.match(text, /connection: keep-alive[^]*connection: close/i)
  t.equal(by, 'end')
})

t.test('an onShutdown receiver that never ends is named and left behind at the deadline, and cleanup still runs', async t => {
  const { app } = createApp()
  const log: string[] = []
  await app.register(signals)
  app.onShutdown(function stuck () { return new Promise(() => {}) })
  app.onShutdown(function next () { log.push('next') })
  app.cleanupContext(async function * context () {
    yield
    log.push('left')
  })
  const { runner, warnings } = await start(t, app, { shutdownTimeout: 300 })
  const begin = performance.now()

  await t.rejects(runner.cleanup(), { code: 'AIO_ERR_HOOK_TIMEOUT' })

  t.ok(performance.now() - begin < 300 + 250)
  t.same(log, ['next', 'left'])
  t.match(warnings[0], /gave up waiting for the onShutdown receiver "stuck"/)
})

t.test('app.close() stops the sites of a runner too, in the same order', async t => {
  const { app, arrived, open } = createApp()
  const log: string[] = []
  await app.register(signals)
  app.onShutdown(() => { log.push('shutdown') })
  app.onCleanup(() => { log.push('cleanup') })
  const { runner, phases } = await start(t, app)
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const busy = await Raw.open(t, { port: site.port })
  busy.write(get('/gate/busy'))
  while (arrived.length < 1) await new Promise(resolve => setImmediate(resolve))

  const closed = app.close()
  open()
  await closed
  await runner.cleanup()

  t.match((await busy.ended).text, /^HTTP\/1.1 200[^]*through the gate$/)
  t.same(log, ['shutdown', 'cleanup'])
  t.equal(phases.at(-1), 'closed')
  await t.rejects(Raw.open(t, { port: site.port }), { code: 'ECONNREFUSED' })
})
