/** Sites on ports, on listeners of somebody else, and on pipes. */

import { spawn } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import {
  AppRunner, NamedPipeSite, SockSite, TCPSite, type ListeningSocket, type SiteOptions, type TCPSiteOptions
} from '../../../plugins/runner/index.ts'
import { shortFolder } from '../../helper.ts'
import { ask, listen, portOf, start } from './sites-helper.ts'

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
