/** Where sites can listen, and what they refuse. */

import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import {
  AppRunner, NamedPipeSite, SockSite, TCPSite, UnixSite, type ListeningSocket, type SiteOptions, type TCPSiteOptions,
  type UnixSiteOptions
} from '../../../plugins/runner/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'

/** A runner over an app that answers with `text`. */
async function start (t: Test, text = 'hello'): Promise<AppRunner> {
  const app = Fastify()
  app.get('/', async () => text)
  const runner = new AppRunner(app, { shutdownTimeout: 500, idleGrace: 10 })
  t.teardown(() => runner.cleanup())
  await runner.setup()
  return runner
}

async function ask (options: { host?: string, port: number } | { socketPath: string }): Promise<string> {
  const request = httpRequest({ host: '127.0.0.1', ...options, agent: false }).end()
  const [response] = await once(request, 'response')
  let text = ''
  for await (const piece of response) text += piece
  return text
}

async function listen (t: Test, options: { port: number, host?: string } | { path: string }): Promise<Server> {
  const server = createServer()
  t.teardown(() => server.close())
  server.listen(options)
  await once(server, 'listening')
  return server
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

t.test('UnixSite takes the path of a server that was killed', async t => {
  const path = join(shortFolder(t), 's')
  const child = spawn(process.execPath, ['-e', `
    require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'))
  `])
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.ok(existsSync(path), 'the path was left behind')
  const runner = await start(t)

  await new UnixSite(runner, path).start()

  t.equal(await ask({ socketPath: path }), 'hello')
  await runner.cleanup()
  t.notOk(existsSync(path))
})

t.test('UnixSite leaves the path of a living server alone', async t => {
  const path = join(shortFolder(t), 's')
  const server = await listen(t, { path })
  const runner = await start(t)
  const site = new UnixSite(runner, path)

  await t.rejects(site.start(), { code: 'AIO_ERR_SITE_PATH', message: /another server listens there/ })

  const socket = connect(path)
  await once(socket, 'connect')
  socket.destroy()
  t.same(runner.addresses, [])
  server.close()
  await once(server, 'close')
  await site.start()
  t.equal(await ask({ socketPath: path }), 'hello', 'it can be started when the path is free')
})

t.test('UnixSite deletes nothing that is no socket', async t => {
  const folder = shortFolder(t)
  const file = join(folder, 'file')
  const directory = join(folder, 'directory')
  writeFileSync(file, 'precious')
  mkdirSync(directory)
  const runner = await start(t)

  for (const path of [file, directory]) {
    await t.rejects(new UnixSite(runner, path).start(), { code: 'AIO_ERR_SITE_PATH', message: /other than a socket/ })
  }

  t.equal(readFileSync(file, 'utf8'), 'precious')
  t.same(readdirSync(folder).sort(), ['directory', 'file'])
})

t.test('UnixSite refuses a path that is too long, missing or no string', async t => {
  const folder = shortFolder(t)
  const runner = await start(t)

  await t.rejects(new UnixSite(runner, join(folder, 'x'.repeat(108))).start(), {
    code: 'AIO_ERR_SITE_PATH', message: /longer than 107 bytes/
  })
  // Counted in bytes: 50 of these are 100.
  await t.rejects(new UnixSite(runner, join(folder, 'é'.repeat(50))).start(), { code: 'AIO_ERR_SITE_PATH' })
  await t.rejects(new UnixSite(runner, join(folder, 'missing', 's')).start(), { message: /listen/ })
  t.throws(() => new UnixSite(runner, ''), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => new UnixSite(runner, undefined as unknown as string), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  for (const [options, code] of [
    [{ mode: '660' }, 'AIO_ERR_OPTION_INVALID'],
    [{ mode: 0o10000 }, 'AIO_ERR_OPTION_INVALID'],
    [{ backlog: -1 }, 'AIO_ERR_OPTION_INVALID'],
    [{ port: 80 }, 'AIO_ERR_OPTION_UNKNOWN'],
    [null, 'AIO_ERR_OPTION_INVALID']
  ] as const) {
    t.throws(() => new UnixSite(runner, join(folder, 's'), options as UnixSiteOptions), { code })
  }
  t.same(runner.addresses, [])
  t.same(readdirSync(folder), [])
})

t.test('UnixSite leaves nothing behind when its path cannot be taken', { skip: process.getuid?.() !== 0 }, async t => {
  const folder = shortFolder(t)
  const path = join(folder, 's')
  const runner = await start(t)
  const site = new UnixSite(runner, path)

  const starting = t.rejects(site.start(), { message: /rename/ })
  // Between the look at the path and the rename.
  while (readdirSync(folder).length === 0) await new Promise(resolve => setImmediate(resolve))
  if (!existsSync(path)) mkdirSync(path)
  await starting

  t.same(readdirSync(folder), ['s'])
  t.notOk(site.listening)
})

t.test('UnixSite gives its socket the mode', async t => {
  const path = join(shortFolder(t), 's')
  const runner = await start(t)

  await new UnixSite(runner, path, { mode: 0o600 }).start()

  t.equal(lstatSync(path).mode & 0o777, 0o600)
  t.equal(await ask({ socketPath: path }), 'hello')
})

t.test('UnixSite serves TLS too', async t => {
  const folder = shortFolder(t)
  const runner = await start(t)

  const site = new UnixSite(runner, join(folder, 's'), { tls: makeCertificate(folder) })

  t.equal(site.name, `https://unix:${join(folder, 's')}:`)
  t.same(site.addresses, [])
  await site.start()
  t.same(site.addresses, [join(folder, 's')])
})

t.test('stopping a UnixSite removes its own path and never that of a newer server', async t => {
  const folder = shortFolder(t)
  const path = join(folder, 's')
  const [old, next] = [await start(t, 'old'), await start(t, 'new')]
  const first = new UnixSite(old, path)
  await first.start()
  // A newer server that swaps the path as we do: beside it, then renamed.
  const beside = join(folder, 'n')
  const second = new UnixSite(next, beside)
  await second.start()
  renameSync(beside, path)

  await first.stop()

  t.equal(await ask({ socketPath: path }), 'new')
  await old.cleanup()
  t.equal(await ask({ socketPath: path }), 'new')
})

t.test('a stop and a cleanup at once release a path once', async t => {
  const path = join(shortFolder(t), 's')
  const runner = await start(t)
  const site = new UnixSite(runner, path)
  await site.start()

  await Promise.all([site.stop(), runner.cleanup()])

  t.notOk(existsSync(path))
})

t.test('TCPSite says which port is in use, and can be started when it is free', async t => {
  const server = await listen(t, { port: 0, host: '127.0.0.1' })
  const runner = await start(t)
  const site = new TCPSite(runner, { host: '127.0.0.1', port: portOf(server) })

  await t.rejects(site.start(), { code: 'EADDRINUSE', port: portOf(server) })
  t.same([...runner.sites], [])
  server.close()
  await once(server, 'close')
  await site.start()

  t.equal(await ask({ port: site.port }), 'hello')
})

t.test('TCPSite with port 0 tells the port once it listens', async t => {
  const runner = await start(t)
  const site = new TCPSite(runner, { port: 0 })
  t.equal(site.port, 0)

  await site.start()

  t.ok(site.port > 0)
  t.equal(site.name, `http://0.0.0.0:${site.port}`)
  t.match(site.addresses, [{ port: site.port }])
  t.equal(await ask({ port: site.port }), 'hello')
})

t.test('TCPSite has the defaults of aiohttp', async t => {
  const runner = await start(t)

  t.equal(new TCPSite(runner).name, 'http://0.0.0.0:8080')
  t.equal(new TCPSite(runner, { host: '' }).name, 'http://0.0.0.0:8080')
  t.equal(new TCPSite(runner, { host: '::1', tls: {} }).name, 'https://[::1]:8443')
  t.equal(new TCPSite(runner, { host: 'localhost', port: 80 }).name, 'http://localhost:80')
})

t.test('TCPSite listens at each address of a name', async t => {
  const found = new Set((await lookup('localhost', { all: true })).map(({ address }) => address))
  const runner = await start(t)
  const site = new TCPSite(runner, { host: 'localhost', port: 0 })

  await site.start()

  t.ok(site.addresses.length > 0)
  t.equal(site.name, `http://localhost:${site.port}`)
  for (const address of site.addresses) {
    t.match(address, { port: site.port })
    t.ok(typeof address === 'object' && found.has(address.address))
    t.equal(await ask({ host: (address as AddressInfo).address, port: site.port }), 'hello')
  }
  await site.stop()
  await t.rejects(ask({ port: site.port }), { code: 'ECONNREFUSED' })
})

t.test('TCPSite listens at an IPv6 address, and brackets it', async t => {
  const runner = await start(t)
  const site = new TCPSite(runner, { host: '::1', port: 0 })
  try {
    await site.start()
  } catch (error) {
    t.match(error, { code: /EADDRNOTAVAIL|EAFNOSUPPORT/ }, 'a machine without IPv6')
    return
  }

  t.equal(site.name, `http://[::1]:${site.port}`)
  t.equal(await ask({ host: '::1', port: site.port }), 'hello')
})

t.test('TCPSite refuses wrong options and names that do not exist', async t => {
  const runner = await start(t)
  for (const [options, code] of [
    [{ port: '80' }, 'AIO_ERR_OPTION_INVALID'],
    [{ port: 65_536 }, 'AIO_ERR_OPTION_INVALID'],
    [{ port: -1 }, 'AIO_ERR_OPTION_INVALID'],
    [{ port: NaN }, 'AIO_ERR_OPTION_INVALID'],
    [{ host: 127 }, 'AIO_ERR_OPTION_INVALID'],
    [{ tls: true }, 'AIO_ERR_OPTION_INVALID'],
    [{ reusePort: 1 }, 'AIO_ERR_OPTION_INVALID'],
    [{ ssl: {} }, 'AIO_ERR_OPTION_UNKNOWN'],
    [null, 'AIO_ERR_OPTION_INVALID'],
    ['127.0.0.1', 'AIO_ERR_OPTION_INVALID']
  ] as const) {
    t.throws(() => new TCPSite(runner, options as unknown as TCPSiteOptions), { code })
  }
  t.throws(() => new TCPSite({} as AppRunner), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  t.throws(() => new TCPSite(undefined as unknown as AppRunner), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  await t.rejects(new TCPSite(runner, { host: 'name.invalid', port: 0 }).start(), { message: /getaddrinfo/ })
  await t.rejects(new TCPSite(runner, { port: 0, tls: { key: 'x', cert: 'y' } }).start())
  t.same(runner.addresses, [])
})

t.test('reusePort works where Node has it and is refused elsewhere', async t => {
  const runner = await start(t)
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const options = { host: '127.0.0.1', port: 0, reusePort: true }
  if (major < 22 || (major === 22 && minor < 12)) {
    t.throws(() => new TCPSite(runner, options), { code: 'AIO_ERR_OPTION_INVALID', message: /22\.12/ })
    return
  }

  const first = new TCPSite(runner, options)
  await first.start()
  const second = new TCPSite(runner, { ...options, port: first.port })
  await second.start()

  t.equal(second.port, first.port)
})

t.test('SockSite serves at a net.Server that listens', async t => {
  const server = await listen(t, { port: 0, host: '127.0.0.1' })
  const runner = await start(t)
  const site = new SockSite(runner, server)
  t.equal(site.name, `http://127.0.0.1:${portOf(server)}`, 'it is known before the start')

  await site.start()

  t.equal(site.name, `http://127.0.0.1:${portOf(server)}`)
  t.equal(await ask({ port: portOf(server) }), 'hello')
  const { port } = site.addresses[0] as AddressInfo
  await runner.cleanup()
  await t.rejects(ask({ port }), { code: 'ECONNREFUSED' })
})

t.test('SockSite serves at a descriptor that the process inherits', async t => {
  const server = await listen(t, { port: 0, host: '127.0.0.1' })
  const { fd } = (server as Server & { _handle: { fd: number } })._handle
  const fixture = new URL('../../fixtures/inherited-socket.ts', import.meta.url).pathname
  // The parent's descriptor becomes number 3 of the child.
  const child = spawn(process.execPath, ['--import=tsx', fixture], { stdio: ['ignore', 'pipe', 'inherit', fd] })
  t.teardown(() => child.kill('SIGKILL'))
  const [banner] = await once(child.stdout ?? process.stdin, 'data')
  const port = portOf(server)
  server.close()

  t.match(String(banner), `http://127.0.0.1:${port}`)
  t.equal(await ask({ port }), 'from the child')
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})

t.test('SockSite refuses what does not listen', async t => {
  const runner = await start(t)
  const unix = await listen(t, { path: join(shortFolder(t), 's') })
  const wrong: unknown[] = [createServer(), unix, {}, { fd: -1 }, { fd: '3' }, 3, null, undefined]

  for (const socket of wrong) {
    t.throws(() => new SockSite(runner, socket as ListeningSocket), { code: 'AIO_ERR_ARGUMENT_INVALID' })
  }
  t.throws(() => new SockSite(runner, { fd: 3 }, { host: 'x' } as SiteOptions), { code: 'AIO_ERR_OPTION_UNKNOWN' })
  await t.rejects(new SockSite(runner, { fd: 987 }).start(), { message: /listen/ })
  t.same(runner.addresses, [])
})

t.test('NamedPipeSite is for Windows', { skip: process.platform === 'win32' }, async t => {
  const runner = await start(t)

  t.throws(() => new NamedPipeSite(runner, '\\\\.\\pipe\\x'), { code: 'AIO_ERR_NAMED_PIPE', message: /linux|darwin/ })
})
