/** runApp() without a process of its own: stopped by a signal, and what it refuses. */

import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { runApp, type RunAppOptions } from '../../../plugins/runner/index.ts'

function createApp () {
  const app = Fastify()
  const log: string[] = []
  app.get('/', async () => 'hello')
  app.addHook('onClose', async () => { log.push('close') })
  return { app, log }
}

const quietly = { host: '127.0.0.1', port: 0, handleSignals: false, print: null } satisfies RunAppOptions

t.test('an AbortSignal stops the app, and no listener stays behind', async t => {
  const { app, log } = createApp()
  const controller = new AbortController()
  const listeners = () => ['SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection']
    .map(name => process.listenerCount(name))
  const before = listeners()
  let text = ''

  await runApp(app, {
    ...quietly,
    signal: controller.signal,
    print (line) {
      text = line
      setImmediate(() => controller.abort())
    }
  })

  t.match(text, /^======== Running on http:\/\/127\.0\.0\.1:\d+ ========\n\(Press CTRL\+C to quit\)$/)
  t.same(log, ['close'])
  t.same(listeners(), before)
})

t.test('a signal that has aborted already starts nothing', async t => {
  const { app, log } = createApp()

  await runApp(app, { ...quietly, signal: AbortSignal.abort(), print: () => t.fail('nothing is served') })

  t.same(log, ['close'])
})

t.test('runApp refuses options it does not know, and what is no app', async t => {
  const { app, log } = createApp()
  t.teardown(() => app.close())
  const cases: [unknown, string][] = [
    [{ ports: 1 }, 'AIO_ERR_OPTION_UNKNOWN'],
    [{ shutdown_timeout: 1 }, 'AIO_ERR_OPTION_UNKNOWN'],
    [{ port: '8080' }, 'AIO_ERR_OPTION_INVALID'],
    [{ host: [1] }, 'AIO_ERR_OPTION_INVALID'],
    [{ path: '' }, 'AIO_ERR_OPTION_INVALID'],
    [{ sock: 3 }, 'AIO_ERR_OPTION_INVALID'],
    [{ print: true }, 'AIO_ERR_OPTION_INVALID'],
    [{ signal: {} }, 'AIO_ERR_OPTION_INVALID'],
    [{ hardDeadline: 0 }, 'AIO_ERR_OPTION_INVALID'],
    [{ handleSignals: 1 }, 'AIO_ERR_OPTION_INVALID'],
    [null, 'AIO_ERR_OPTION_INVALID']
  ]

  for (const [options, code] of cases) await t.rejects(runApp(app, options as RunAppOptions), { code })
  await t.rejects(runApp({} as FastifyInstance, quietly), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  await t.rejects(runApp(() => { throw new Error('of the factory') }, quietly), { message: 'of the factory' })
  t.same(log, [])
})
