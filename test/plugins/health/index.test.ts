import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import Fastify from 'fastify'
import t from 'tap'
import bundle from '../../../app.ts'
import health, { type HealthOptions, type HealthReport } from '../../../plugins/health/index.ts'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import { build } from '../../helper.ts'

async function report (app: { inject (url: string): Promise<{ json(): unknown }> }) {
  return (await app.inject('/readyz?verbose')).json() as HealthReport
}

/** Turns of the event loop until something is so. */
async function until (condition: () => boolean) {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}

t.test('an app without anything else lives and is ready', async t => {
  const app = build(t)
  await app.register(health)

  for (const url of ['/livez', '/readyz']) {
    const { statusCode, body, headers } = await app.inject(url)
    t.equal(statusCode, 200)
    t.equal(body, 'ok')
    t.match(headers, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    t.notOk(headers['retry-after'])
    t.equal((await app.inject({ url, method: 'HEAD' })).statusCode, 200)
  }
})

t.test('the paths have other names, or none', async t => {
  const app = build(t)
  await app.register(health, { livez: '/healthz', readyz: false })

  t.equal((await app.inject('/healthz')).statusCode, 200)
  for (const url of ['/livez', '/readyz']) t.equal((await app.inject(url)).statusCode, 404)
})

t.test('a check that fails makes the app not ready, whatever it throws', async t => {
  const failures: Record<string, () => unknown> = {
    rejects: async () => { throw new Error('no connection') },
    throws: () => { throw new Error('no connection') },
    'is false': () => false,
    'resolves to false': async () => false,
    'throws null': () => { throw null }, // eslint-disable-line no-throw-literal
    'throws something without a text': () => { throw Object.create(null) },
    'is a thenable that throws': () => ({ then () { throw new Error('no connection') } })
  }
  for (const [name, check] of Object.entries(failures)) {
    const app = build(t)
    await app.register(health, { checks: { [name]: check, good: () => 'fine' }, details: true })

    const { statusCode, headers, body } = await app.inject('/readyz')
    t.equal(statusCode, 503, name)
    t.equal(headers['retry-after'], '1')
    t.equal(body, 'failed')
    t.match(await report(app), { status: 'failed', checks: { [name]: { status: 'failed', error: String } } })
    t.equal((await app.inject('/livez')).statusCode, 200, 'restarting would not help')
  }
})

t.test('whatever else a check returns is fine', async t => {
  const app = build(t)
  const values = [undefined, null, 0, '', true, { rows: [] }]
  await app.register(health, {
    details: true, checks: Object.fromEntries(values.map((value, index) => [`check ${index}`, async () => value]))
  })

  const { status, checks } = await report(app)
  t.equal(status, 'ok')
  t.equal(Object.keys(checks).length, values.length)
})

t.test('a check that is not critical leaves the app ready, degraded', async t => {
  const app = build(t)
  await app.register(health, { checks: { mail: { check: () => false, critical: false } } })

  const { statusCode, body } = await app.inject('/readyz')
  t.equal(statusCode, 200)
  t.equal(body, 'degraded')
})

t.test('a check that hangs is given up, told so, and not called again until it has ended', async t => {
  const app = build(t)
  let calls = 0
  let free = () => {}
  let reason: unknown
  await app.register(health, {
    details: true,
    cacheTime: 0,
    checks: {
      hangs: {
        timeout: 20,
        check: async ({ signal }) => {
          calls += 1
          signal.addEventListener('abort', () => { reason = signal.reason })
          await new Promise<void>(resolve => { free = resolve })
        }
      }
    }
  })

  t.match(await report(app), { checks: { hangs: { error: 'no answer after 20 ms' } } })
  t.match(reason, { name: 'TimeoutError' })
  for (let probe = 0; probe < 10; probe += 1) {
    t.match(await report(app), { checks: { hangs: { error: /^still running after \d+ ms$/ } } })
  }
  t.equal(calls, 1)

  free()
  await new Promise(setImmediate)
  const again = report(app)
  await until(() => calls === 2)
  free()
  t.match(await again, { status: 'ok' })
})

t.test('checks run at the same time, and probes share a call', async t => {
  const app = build(t)
  let running = 0
  let most = 0
  let calls = 0
  let free = () => {}
  const gate = new Promise<void>(resolve => { free = resolve })
  const check = async () => {
    calls += 1
    most = Math.max(most, ++running)
    await gate
    running -= 1
  }
  await app.register(health, { timeout: 60_000, checks: { one: check, two: check, three: check } })

  const probes = [app.inject('/readyz'), app.inject('/readyz'), app.health.ready()]
  await until(() => most === 3)
  free()
  await Promise.all(probes)
  t.equal(calls, 3)
})

t.test('a result counts for a while', async t => {
  const app = build(t)
  let calls = 0
  await app.register(health, { cacheTime: 60_000, checks: { one: () => { calls += 1 } }, details: true })

  await app.inject('/readyz')
  const { checks } = await report(app)
  t.equal(calls, 1)
  t.type(checks.one?.age, 'number')
})

t.test('details are for those who may see them', async t => {
  const checks = { database: async () => { throw new Error('password=secret') } }
  const texts = async (details: HealthOptions['details'], url = '/readyz?verbose') => {
    const app = build(t)
    await app.register(health, details === undefined ? { checks } : { checks, details })
    return (await app.inject({ url, headers: { 'x-admin': 'yes' } })).body
  }

  t.equal(await texts(undefined), 'failed')
  t.equal(await texts(false), 'failed')
  t.equal(await texts(async ({ headers }) => headers['x-admin'] === 'no'), 'failed')
  t.equal(await texts(true, '/readyz'), 'failed', 'only when they are asked for')
  t.match(await texts(async ({ headers }) => headers['x-admin'] === 'yes'), 'secret')
})

t.test('readiness follows the life of an app that listens by itself', async t => {
  const app = Fastify({ return503OnClosing: false })
  await app.register(health, { details: true })
  t.equal((await app.health.ready()).phase, 'starting')
  t.equal((await app.health.ready()).status, 'failed')

  const seen: unknown[] = []
  app.addHook('preClose', async () => { seen.push((await app.health.ready()).phase) })
  await app.ready()
  t.equal((await app.health.ready()).status, 'ok')

  await app.close()
  t.same(seen, ['stopping'])
  t.equal((await app.health.ready()).phase, 'closed')
})

t.test('under a runner readiness is false before the listeners close; liveness stays', async t => {
  const app = Fastify()
  await app.register(signals)
  let calls = 0
  await app.register(health, { checks: { database: () => { calls += 1 } }, cacheTime: 0 })
  const reached = new Map<string, () => void>()
  const lame = new Promise<void>(resolve => reached.set('lame', resolve))
  const runner = new AppRunner(app, { shutdownDelay: 60_000, onPhase: phase => reached.get(phase)?.() })
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const ask = async (path: string) => {
    const { status, headers } = await fetch(`http://127.0.0.1:${site.port}${path}`)
    return { status, retryAfter: headers.get('retry-after') }
  }
  t.same(await ask('/readyz'), { status: 200, retryAfter: null })

  const stopped = runner.cleanup()
  await lame
  t.same(await ask('/readyz'), { status: 503, retryAfter: '1' })
  t.same(await ask('/livez'), { status: 200, retryAfter: null })
  t.equal(calls, 1, 'an app that goes asks nobody any more')
  await runner.hurry()
  await stopped
})

t.test('a probe on an open connection is answered while requests finish', async t => {
  const app = Fastify()
  await app.register(signals)
  await app.register(health)
  let free = () => {}
  let begun = false
  app.get('/slow', async () => {
    begun = true
    await new Promise<void>(resolve => { free = resolve })
    return ''
  })
  const drain = new Promise<void>(resolve => app.onShutdown(async () => { resolve() }))
  const runner = new AppRunner(app, { idleGrace: 60_000 })
  t.teardown(() => runner.hurry())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const url = `http://127.0.0.1:${site.port}`
  const kept = await fetch(`${url}/livez`)
  await kept.text()
  const slow = httpRequest(`${url}/slow`).end()
  slow.on('error', () => {})
  await until(() => begun)

  const stopped = runner.cleanup()
  await drain
  const { status } = await fetch(`${url}/livez`)
  t.equal(status, 200)
  free()
  await once(slow, 'response')
  await stopped
})

t.test('liveness may depend on how late the event loop is', async t => {
  const app = build(t)
  await app.register(health, { maxEventLoopDelay: 50, details: true })
  await app.ready()
  const block = (ms: number) => {
    const end = performance.now() + ms
    while (performance.now() < end);
  }
  // The histogram wants a look at the loop before and after.
  await new Promise(resolve => setTimeout(resolve, 30))
  block(150)
  await new Promise(resolve => setTimeout(resolve, 30))

  const { statusCode, body } = await app.inject('/livez?verbose')
  t.equal(statusCode, 503)
  t.match(JSON.parse(body), { checks: { eventLoop: { error: /^late by \d+ ms, more than 50 ms$/ } } })
})

t.test('probes leave no line in the log, unless they are wanted', async t => {
  for (const [logLevel, expected] of [[undefined, 0], ['info', 2]] as const) {
    const lines: string[] = []
    const app = build(t, { logger: { stream: { write: (line: string) => { lines.push(line) } } } })
    await app.register(health, logLevel === undefined ? {} : { logLevel })
    await app.inject('/readyz')
    t.equal(lines.filter(line => line.includes('reqId')).length, expected)
  }
})

t.test('in the bundle it is there when it is asked for, and outside of middlewares', async t => {
  const without = build(t)
  await without.register(bundle)
  without.get('/readyz', async () => 'my own')
  t.equal((await without.inject('/readyz')).body, 'my own')

  const app = build(t)
  await app.register(bundle, { health: {} })
  app.addMiddleware(() => { throw new Error('nobody gets through') })
  app.get('/', async () => '')
  t.equal((await app.inject('/readyz')).body, 'ok')
  t.equal((await app.inject({ url: '/readyz', method: 'POST' })).statusCode, 500, '405 is inside')
})

t.test('wrong options are refused', async t => {
  const wrong: [object, RegExp][] = [
    [{ readyz: 'readyz' }, /"readyz".*begins with/],
    [{ checks: { database: true } }, /health check "database"/],
    [{ checks: { database: {} } }, /"check".*health check "database".*a function/],
    [{ checks: { database: { check () {}, timeout: 0 } } }, /"timeout"/],
    [{ checks: { '': () => true } }, /"name"/],
    [{ timeout: Infinity }, /"timeout"/],
    [{ check: {} }, /"check".*allowed are/]
  ]
  for (const [options, message] of wrong) {
    await t.rejects(async () => await build(t).register(health, options as HealthOptions), { message })
  }
})
