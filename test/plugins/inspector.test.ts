/** The inspector: who may look, what it shows, and that a shutdown waits for it last of all and not for long. */

import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import t, { type Test } from 'tap'
import bundle from '../../app.ts'
import { HTTPUnauthorized } from '../../plugins/exceptions/index.ts'
import { type InspectorOptions, type Snapshot } from '../../plugins/inspector/index.ts'
import type { Middleware } from '../../plugins/middlewares/index.ts'
import { get } from '../../plugins/routes/index.ts'
import { AppRunner, TCPSite } from '../../plugins/runner/index.ts'
import { build } from '../helper.ts'

async function start (t: Test, options: InspectorOptions = {}) {
  const app = build(t)
  const log: Middleware = async (request, handler) => await handler(request)
  await app.register(bundle, { inspector: options, middlewares: { middlewares: [log] } })
  let release = () => {}
  const released = new Promise<void>(resolve => { release = resolve })
  app.onShutdown(async function goodbye () { await sleep(20) })
  app.addRoutes([get('/users/{id}', async () => 'user', { name: 'user' })])
  app.get('/slow', async function slow () { await released; return 'slow' })
  app.get('/wrong', async function wrong () { throw new TypeError('There is no <b>tea</b>') })
  return { app, release }
}

async function serve (t: Test, options: InspectorOptions = {}) {
  const started = await start(t, options)
  const runner = new AppRunner(started.app, { shutdownTimeout: 20_000 })
  await runner.setup()
  t.teardown(() => runner.cleanup())
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return { ...started, runner, url: `http://127.0.0.1:${site.port}` }
}

/** Snapshots as they come, until the goodbye. */
async function * snapshots (url: string): AsyncGenerator<Snapshot | 'goodbye'> {
  const response = await fetch(`${url}/inspector/events`)
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end)
      text = text.slice(end + 2)
      yield event.startsWith('event: goodbye') ? 'goodbye' : JSON.parse(event.slice('data: '.length)) as Snapshot
    }
  }
}

t.test('a snapshot has what the app is and does', async t => {
  const { app, release, url } = await serve(t)
  await app.jobs.spawn(async signal => await sleep(60_000, undefined, { signal }), { name: 'boil' })
  const slow = fetch(`${url}/slow?secret=1`)
  await fetch(`${url}/wrong?secret=1`)
  app.routes.add(get('/late', async () => 'late', {
    middlewares: [async function timing (request, handler) { return await handler(request) }],
    schema: {
      querystring: { type: 'object', required: ['page'], properties: { page: { type: 'integer' }, size: { type: 'integer' } } },
      response: { 200: { type: 'string' } }
    }
  }))

  const { value } = await snapshots(url).next()

  const snapshot = value as Snapshot
  t.match(snapshot, { phase: 'running', pid: process.pid, jobs: [{ name: 'boil', pending: false }] })
  t.ok(snapshot.busy.some(line => /^request GET \/slow from 127\.0\.0\.1/.test(line)))
  t.notOk(snapshot.busy.some(line => line.includes('inspector')))
  t.match(snapshot.errors, [{ method: 'GET', route: '/wrong', status: 500, name: 'TypeError' }])
  t.match(snapshot.routes.find(({ path }) => path === '/users/{id}'), { name: 'user', live: false })
  t.match(snapshot.routes.find(({ path }) => path === '/late'), {
    live: true, middlewares: ['log', 'timing'], schemas: ['querystring { page, size? }', 'response 200']
  })
  t.match(snapshot.routes.find(({ path }) => path === '/slow'), { handler: 'slow', middlewares: ['log'] })
  t.match(snapshot.plugins, /inspector/)
  t.notMatch(JSON.stringify(snapshot), /secret/)
  release()
  await slow
  await app.jobs.close()
})

t.test('a shutdown shows whom it waits for; the page is told goodbye when all others are gone', async t => {
  const { release, runner, url } = await serve(t)
  const phases = new Set<string>()
  const waits: string[] = []
  const slow = fetch(`${url}/slow`)
  let stopped: Promise<void> | undefined
  let last: Snapshot | 'goodbye' | undefined
  for await (const snapshot of snapshots(url)) {
    last = snapshot
    stopped ??= runner.cleanup()
    if (snapshot === 'goodbye') break
    phases.add(snapshot.phase)
    waits.push(...snapshot.busy, snapshot.waitingFor ?? '')
    if (snapshot.phase === 'drain') release()
  }
  await stopped

  t.equal(last, 'goodbye')
  t.ok(phases.has('notify') && phases.has('drain'), [...phases].join(' '))
  t.ok(waits.some(line => line.includes('"goodbye"')))
  t.ok(waits.some(line => line.includes('/slow')))
  t.equal(await (await slow).text(), 'slow')
})

t.test('a swap ends the stream of the old app', async t => {
  const { runner, url } = await serve(t)
  const { app: next } = await start(t)
  let last: unknown
  let swap: Promise<unknown> | undefined
  for await (const snapshot of snapshots(url)) {
    last = snapshot
    swap ??= runner.swap(next)
  }
  await swap
  t.equal(last, 'goodbye')
})

t.test('only this machine may look, under its own name', async t => {
  const { app } = await start(t)
  const status = async (headers: Record<string, string>, remoteAddress: string) =>
    (await app.inject({ url: '/inspector', headers, remoteAddress })).statusCode
  t.equal(await status({ host: 'localhost:8080' }, '127.0.0.1'), 200)
  t.equal(await status({ host: '[::1]:8080' }, '::1'), 200)
  t.equal(await status({ host: 'evil.example' }, '127.0.0.1'), 403)
  t.equal(await status({ host: 'localhost' }, '192.0.2.1'), 403)
})

t.test('authorize decides instead, in production as well', async t => {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  })
  const off = await start(t)
  t.equal((await off.app.inject('/inspector')).statusCode, 404)

  const authorize: InspectorOptions['authorize'] = request => {
    if (request.headers.authorization === undefined) throw new HTTPUnauthorized()
    return request.headers.authorization === 'Bearer tea'
  }
  const { app } = await start(t, { authorize, path: '/internal/inspector' })
  const status = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/internal/inspector', headers, remoteAddress: '192.0.2.1' })).statusCode
  t.equal(await status({}), 401)
  t.equal(await status({ authorization: 'Bearer coffee' }), 403)
  t.equal(await status({ authorization: 'Bearer tea' }), 200)
})

t.test('wrong options are coded errors', async t => {
  for (const options of [{ path: 'inspector' }, { path: '/x/' }, { authorize: true }]) {
    await t.rejects(async () => await build(t).register(bundle, { inspector: options as never }),
      { code: 'AIO_ERR_OPTION_INVALID' })
  }
})

const executablePath = '/usr/bin/chromium'
const skip = existsSync(executablePath) ? false : `no browser at ${executablePath}`

t.test('a browser shows it, and takes nothing of it for markup', { skip }, async t => {
  const { release, runner, url } = await serve(t)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  const faults: string[] = []
  page.on('pageerror', error => faults.push(error.message))
  await fetch(`${url}/wrong`)
  const slow = fetch(`${url}/slow`)
  await page.goto(`${url}/inspector`)

  await page.waitForSelector('#phases .now >> text=running')
  await page.waitForSelector('#errors >> text=There is no <b>tea</b>')
  await page.fill('#filter', 'users')
  t.equal(await page.locator('#routes tr').count(), 1)

  const stopped = runner.cleanup()
  await page.waitForSelector('#waiting >> text=/slow/')
  release()
  await page.waitForSelector('#process >> text=/goodbye|Nobody answers/')
  await stopped
  await slow
  t.same(faults, [])
})
