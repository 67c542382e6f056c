/** Sites on Unix sockets: whose path it is, and what is left of it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { UnixSite, type UnixSiteOptions } from '../../../plugins/runner/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'
import { ask, listen, start } from './sites-helper.ts'

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
