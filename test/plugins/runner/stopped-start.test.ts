/** A runner that is told to stop while its app starts. */

import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import exceptions from '../../../plugins/exceptions/index.ts'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import websockets, { WebSocketResponse } from '../../../plugins/websockets/index.ts'

/** An app with a context, two startup receivers, and both kinds of goodbyes. */
async function createApp (log: string[], during: () => unknown): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(signals)
  app.cleanupContext(async function * database () {
    log.push('enter')
    yield
    log.push('leave')
  })
  app.onStartup(async function first () {
    log.push('first')
    await during()
    log.push('first has ended')
  })
  app.onStartup(() => log.push('second'))
  app.onShutdown(() => log.push('shutdown'))
  app.onCleanup(() => log.push('cleanup'))
  return app
}

const undone = ['enter', 'first', 'first has ended', 'leave']

t.test('cleanup() during the startup ends it after the receiver that runs, and leaves what was entered', async t => {
  const log: string[] = []
  let cleaned: Promise<void> | undefined
  const runner = new AppRunner(await createApp(log, () => { cleaned = runner.cleanup() }))

  await t.rejects(runner.setup(), { code: 'AIO_ERR_APP_CLOSED' })
  await cleaned

  t.same(log, undone)
  t.equal(runner.phase, 'closed')
})

t.test('cleanup() before the first context is entered enters none', async t => {
  const log: string[] = []
  const app = await createApp(log, () => {})
  app.register(async () => { cleaned = runner.cleanup() })
  let cleaned: Promise<void> | undefined
  const runner = new AppRunner(app)

  await t.rejects(runner.setup(), { code: 'AIO_ERR_APP_CLOSED' })
  await cleaned

  t.same(log, [])
})

t.test('cleanup() while a swap makes the next app ready undoes that one as well', async t => {
  const logs: string[][] = [[], []]
  const runner = new AppRunner(await createApp(logs[0] ?? [], () => {}))
  await runner.setup()
  let cleaned: Promise<void> | undefined

  const next = await createApp(logs[1] ?? [], () => { cleaned = runner.cleanup() })
  await t.rejects(runner.swap(next), { code: 'AIO_ERR_RUNNER_CLOSED' })
  await cleaned

  t.same(logs[1], undone)
  t.same(logs[0]?.slice(-3), ['shutdown', 'leave', 'cleanup'])
})

t.test('a websocket peer that never answers its close does not make the shutdown fail', async t => {
  const app = Fastify()
  await app.register(signals)
  await app.register(exceptions)
  await app.register(websockets)
  app.get('/chat', async request => {
    const ws = new WebSocketResponse()
    await ws.prepare(request)
    await ws.receive()
    return ws
  })
  const warnings: string[] = []
  const log = { info () {}, warn (text: string) { warnings.push(text) }, error () {} }
  const runner = new AppRunner(app, { shutdownTimeout: 200, cancelTimeout: 50, log })
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const peer = new WebSocket(`ws://127.0.0.1:${site.port}/chat`)
  peer.on('error', () => {})
  await new Promise(resolve => peer.once('open', resolve))
  peer.pause()

  await runner.cleanup()

  t.match(warnings.join('\n'), /closeWebSockets[^]*websocket \/chat from 127\.0\.0\.1/)
  peer.terminate()
})
