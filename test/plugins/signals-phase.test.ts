import t from 'tap'
import signals, { type AppPhase } from '../../plugins/signals/index.ts'
import { build } from '../helper.ts'

t.test('the phase follows an app that listens and closes by itself', async t => {
  const app = build(t)
  await app.register(signals)
  const log: string[] = []
  app.signals.onPhase(phase => log.push(phase))
  app.onStartup(() => { log.push(`onStartup while ${app.signals.phase}`) })
  app.onShutdown(() => { log.push(`onShutdown while ${app.signals.phase}`) })
  app.onCleanup(() => { log.push(`onCleanup while ${app.signals.phase}`) })
  t.equal(app.signals.phase, 'starting')

  await app.listen({ port: 0 })
  t.equal(app.signals.phase, 'running')
  await app.close()

  t.same(log, [
    'onStartup while starting', 'running', 'stopping', 'onShutdown while stopping', 'onCleanup while stopping', 'closed'
  ])
})

t.test('whoever runs the app announces that it is lame, or that another has taken its place', async t => {
  const app = build(t)
  await app.register(signals)
  app.signals.lame()
  app.signals.retire()
  t.equal(app.signals.phase, 'starting', 'neither means anything before startup')
  await app.ready()
  const phases: AppPhase[] = []
  app.signals.onPhase(phase => phases.push(phase))

  app.signals.lame()
  app.signals.lame()
  app.signals.retire()
  app.signals.lame()
  t.same(phases, ['lame', 'stopping'], 'each once, and never backwards')
  await app.close()
  t.same(phases, ['lame', 'stopping', 'closed'])
})

t.test('an app that fails to start, or never starts, ends closed', async t => {
  const failing = build(t)
  await failing.register(signals)
  failing.onStartup(() => { throw new Error('no') })
  await t.rejects(async () => failing.ready(), { message: 'no' })
  t.equal(failing.signals.phase, 'closed')

  const unused = build(t)
  await unused.register(signals)
  await unused.close()
  t.equal(unused.signals.phase, 'closed')
})

t.test('a listener can be taken away, and one that throws keeps nothing from going on', async t => {
  const app = build(t)
  await app.register(signals)
  const phases: string[] = []
  const listener = (phase: AppPhase) => { phases.push(phase) }
  const forget = app.signals.onPhase(listener)
  app.signals.onPhase(listener)
  app.signals.onPhase(phase => { if (phase === 'lame') throw new Error('deaf') })
  forget()
  forget()
  await app.ready()
  app.signals.lame()

  await t.rejects(app.close(), { message: 'deaf' })

  t.same(phases, ['running', 'lame', 'stopping', 'closed'])
  t.throws(() => app.signals.onPhase('later' as never), { code: 'AIO_ERR_ARGUMENT_INVALID' })
})

t.test('an app that is cleaned up without onShutdown does not get it afterwards', async t => {
  const app = build(t)
  await app.register(signals)
  const log: string[] = []
  app.onShutdown(() => { log.push('onShutdown') })
  app.onCleanup(() => { log.push('onCleanup') })
  await app.ready()
  await app.signals.cleanup()
  await app.signals.shutdown()
  await app.close()
  t.same(log, ['onCleanup'])
})
