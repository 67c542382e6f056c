/** Swaps and the end: of the runner, of an app by somebody else, and in errors. */

import Fastify from 'fastify'
import t from 'tap'
import { get, Raw } from '../../raw.ts'
import { createApp, createGate, happens, serve } from './swap-helper.ts'

t.test('a runner that stops takes the old apps along: no deadlock, one outcome', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, at } = await serve(t, one.app)
  const raw = await Raw.open(t, at)
  raw.write(get('/gate'))
  await happens(() => one.log.includes('arrived'))
  const { closed } = await runner.swap(two.app, { shutdownTimeout: 60_000 })

  const stopped = runner.cleanup()
  await happens(() => one.log.includes('onShutdown'))
  one.open()
  await stopped

  t.match((await raw.ended).text, /^HTTP\/1.1 200[^]*one$/, 'its request is answered')
  await closed
  t.same(one.log.slice(3), ['stopping', 'onShutdown', 'done', 'leave', 'onCleanup', 'closed'])
  t.equal(two.log.at(-1), 'closed')
})

t.test('a swap under way when the runner stops is undone', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const three = await createApp('three')
  t.teardown(() => three.app.close())
  const { gate, open } = createGate()
  two.app.onStartup(() => {
    two.log.push('onStartup')
    return gate
  })
  const { runner } = await serve(t, one.app)

  const swap = t.rejects(runner.swap(two.app), { code: 'AIO_ERR_RUNNER_CLOSED' })
  const queued = t.rejects(runner.swap(three.app), { code: 'AIO_ERR_RUNNER_CLOSED' })
  await happens(() => two.log.includes('onStartup'))
  const stopped = runner.cleanup()
  open()
  await Promise.all([swap, queued, stopped])

  t.same(two.log, ['enter', 'onStartup', 'leave', 'closed'])
  t.same(three.log, [], 'one that had to wait was never begun')
  t.equal(runner.phase, 'closed')
})

t.test('an app that is closed by somebody else: the current one stops the runner, an old one waits for its requests', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  const { runner, at, ask } = await serve(t, one.app)
  const raw = await Raw.open(t, at)
  raw.write(get('/gate'))
  await happens(() => one.log.includes('arrived'))
  const { closed } = await runner.swap(two.app)

  const closedByOthers = one.app.close()
  t.equal(await ask(), 'two')
  one.open()
  await raw.until(/one$/)
  await Promise.all([closed, closedByOthers])
  t.ok(one.log.indexOf('done') < one.log.indexOf('leave'))

  await two.app.close()
  t.equal(runner.phase, 'closed')
})

t.test('what fails at the end of an old app is in the log and in `closed`, and disturbs nobody', async t => {
  const one = await createApp('one')
  const two = await createApp('two')
  one.app.onShutdown(() => { throw new Error('onShutdown') })
  one.app.onCleanup(() => { throw new Error('onCleanup') })
  const { runner, ask, warnings } = await serve(t, one.app)

  const { closed } = await runner.swap(two.app)
  await t.rejects(closed, { errors: [{ message: 'onShutdown' }, { message: 'onCleanup' }] })

  t.equal(warnings.length, 1)
  t.equal(await ask(), 'two')
  await runner.cleanup()
})

t.test('a swap inside a handler of the old app does not wait for itself', async t => {
  const two = await createApp('two')
  const app = Fastify()
  app.get('/swap', async () => {
    const { generation } = await runner.swap(two.app)
    return `generation ${generation}`
  })
  const { runner, ask } = await serve(t, app)

  t.equal(await ask('/swap'), 'generation 2')
  t.equal(await ask(), 'two')
})
