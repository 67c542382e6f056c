/** Every server snippet of the two articles, started and asked over a real socket. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import 'tsx'
import WebSocket from 'ws'
import { AppRunner, TCPSite } from '../../app.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = path.join(root, 'examples/articles')

/** Serves the example's app on a port of its own. */
async function serve (t: Test, name: string) {
  const { default: createApp }: { default: () => Promise<FastifyInstance> } =
    await import(`../../examples/articles/${name}.ts`)
  const runner = new AppRunner(await createApp())
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const url = `http://127.0.0.1:${site.port}`
  return { runner, url, text: async (path: string, init?: RequestInit) => await (await fetch(url + path, init)).text() }
}

for (const name of ['hello', 'route-table', 'start-and-stop', 'deploy']) {
  t.test(`${name} says hello`, async t => {
    const { url } = await serve(t, name)
    const response = await fetch(url)

    t.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
    t.equal(await response.text(), 'Hello, world')
  })
}

t.test('index-page shows its page', async t => {
  t.equal(await (await serve(t, 'index-page')).text('/'), 'Hello Aiohttp!')
})

t.test('greet takes the name from the path', async t => {
  const { text } = await serve(t, 'greet')

  t.equal(await text('/'), 'Hello, Anonymous')
  t.equal(await text('/Ann'), 'Hello, Ann')
  t.equal(await text('/%E4%B8%96%E7%95%8C'), 'Hello, 世界')
})

t.test('view answers GET and POST, everything else is 405 with Allow', async t => {
  const { url, text } = await serve(t, 'view')

  t.equal(await text('/path/to'), 'You asked for /path/to')
  const headers = { 'content-type': 'application/json' }
  t.equal(await text('/path/to', { method: 'POST', body: '{"a":1}', headers }), '{"received":{"a":1}}')
  const response = await fetch(`${url}/path/to`, { method: 'DELETE' })
  t.equal(response.status, 405)
  t.same(response.headers.get('allow')?.split(/, ?/).sort(), ['GET', 'POST'])
})

t.test('handlers may be plain or async, for one method or all, with HEAD or without', async t => {
  const { url, text } = await serve(t, 'handlers')

  t.equal(await text('/plain'), 'plain')
  t.equal(await text('/'), 'async')
  t.equal(await text('/post', { method: 'POST', body: 'x' }), 'posted x')
  for (const method of ['GET', 'PUT', 'DELETE']) t.equal(await text('/path', { method }), method)
  t.equal((await fetch(url, { method: 'HEAD' })).status, 200)
  t.equal((await fetch(`${url}/no-head`, { method: 'HEAD' })).status, 405)
})

t.test('static-files serves a folder below its prefix', async t => {
  const { url, text } = await serve(t, 'static-files')

  t.match(await text('/static/shop-main.json'), /"visitor": "Ann"/)
  t.equal((await fetch(`${url}/static/nothing.json`)).status, 404)
})

t.test('middleware winks at every text', async t => {
  const { url, text } = await serve(t, 'middleware')

  t.equal(await text('/'), 'Hello wink')
  const response = await fetch(`${url}/nowhere`)
  t.equal(response.status, 404)
})

t.test('exceptions do the same returned and thrown', async t => {
  const { url, text } = await serve(t, 'exceptions')

  for (const path of ['/returned', '/thrown']) {
    const response = await fetch(url + path, { redirect: 'manual' })
    t.equal(response.status, 302)
    t.equal(response.headers.get('location'), '/redirect')
    t.equal(await text(path), 'You were redirected')
  }
  const missing = await fetch(`${url}/missing`)
  t.equal(missing.status, 404)
  t.equal(await missing.text(), 'No such question')
})

t.test('shared-data reads the app from every handler, the user from its own request', async t => {
  t.equal(await (await serve(t, 'shared-data')).text('/7'), 'ann@example.com: record 7')
})

t.test('create-app reads the configuration of its branch; data of a request lives on the request', async t => {
  t.equal(await (await serve(t, 'create-app')).text('/'), 'Ann at https://pay.example.com, data')

  const { default: createApp } = await import('../../examples/articles/create-app.ts')
  await t.rejects(createApp('nowhere'), { code: 'ENOENT' })
})

t.test('websocket answers a text with /answer and closes on request', async t => {
  const { url } = await serve(t, 'websocket')
  const client = new WebSocket(`${url}/ws`)
  t.teardown(() => client.terminate())
  await once(client, 'open')

  client.send('hello')
  t.equal(String((await once(client, 'message'))[0]), 'hello/answer')
  client.send('close')
  t.equal((await once(client, 'close'))[0], 1000)
})

t.test('websocket-shutdown says goodbye with 1001', async t => {
  const { runner, url } = await serve(t, 'websocket-shutdown')
  const client = new WebSocket(`${url}/ws`)
  t.teardown(() => client.terminate())
  await once(client, 'open')
  client.send('hello')
  t.equal(String((await once(client, 'message'))[0]), 'hello/answer')

  const [[code, reason]] = await Promise.all([once(client, 'close'), runner.cleanup()])

  t.equal(code, 1001)
  t.equal(String(reason), 'Server shutdown')
})

t.test('start-and-stop starts without blocking, and after the stop nothing listens', async t => {
  const { startServer } = await import('../../examples/articles/start-and-stop.ts')
  const { runner, site } = await startServer(0)
  t.teardown(() => runner.cleanup())
  const url = `http://localhost:${site.port}`
  t.equal(await (await fetch(url)).text(), 'Hello, world')

  await runner.cleanup()

  await t.rejects(fetch(url))
})

t.test('several-services run side by side and stop one by one', async t => {
  const { startService } = await import('../../examples/articles/several-services.ts')
  const services = [await startService('shop', 0), await startService('stock', 0)] as const
  for (const service of services) t.teardown(() => service.stop())
  const [shop, stock] = services
  t.equal(await (await fetch(shop.url)).text(), 'Hello from shop')
  t.equal(await (await fetch(stock.url)).text(), 'Hello from stock')

  await shop.stop()

  await t.rejects(fetch(shop.url))
  t.equal(await (await fetch(stock.url)).text(), 'Hello from stock')
})

t.test('deploy listens at the socket or the port it is given', async t => {
  // A Unix socket's path must be short, tap's own folders are not.
  const socketFolder = mkdtempSync(path.join(tmpdir(), 'deploy-'))
  t.teardown(() => rmSync(socketFolder, { recursive: true }))
  const socketPath = path.join(socketFolder, 's')
  const onPath = await startProcess(t, path.join(folder, 'deploy.ts'), `--path=${socketPath}`)
  t.equal(onPath.url, `http://unix:${socketPath}:`)
  const [response] = await once(httpRequest({ socketPath }).end(), 'response')
  t.equal(response.statusCode, 200)
  response.resume()

  const port = await freePort()
  await startProcess(t, path.join(folder, 'deploy.ts'), `--port=${port}`)
  t.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'Hello, world')
})

t.test('my-app-module is run by its name, as gunicorn runs my_app_module:my_web_app', async t => {
  const target = `${path.join(folder, 'my-app-module.ts')}:myWebApp`
  const { child, url } = await startProcess(t, path.join(root, 'server.ts'), '--port', '0', target)
  t.equal(await (await fetch(url)).text(), 'Welcome home!')

  child.kill('SIGINT')

  t.same(await once(child, 'exit'), [0, null])
})

/** Starts a program and waits for its banner. */
async function startProcess (t: Test, ...args: string[]) {
  const child = spawn(process.execPath, ['--import=tsx', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  let stdout = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    stdout += chunk
    const url = /Running on (\S+) =/.exec(stdout)?.[1]
    if (url !== undefined) return { child, url }
  }
  throw new Error(`It ended without a banner: ${stdout}`)
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
