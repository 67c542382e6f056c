import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parseCommandLine } from '../../server/command-line.ts'
import { readSettings } from '../../server/settings.ts'

const usage = { name: 'UsageError' }

t.test('without a file and variables there are no settings', async t => {
  t.same(await readSettings(undefined, { HOST: 'x', PATH: '/bin' }), {})
})

t.test('a file says what flags say, in any of the formats', async t => {
  const expected = {
    host: '::1',
    port: 3000,
    serve: { shutdownDelay: 5000, idleGrace: 0 },
    module: 'app.ts',
    exportName: 'create',
    cluster: { workers: 2, timeout: 1000, preload: true }
  }
  const folder = t.testdir({
    'server.yaml': "module: app.ts:create\nhost: '::1'\nport: 3000\nshutdownDelay: 5000\nidleGrace: 0\nworkers: 2\ntimeout: 1000\npreload: true\n",
    'server.ini': 'module = app.ts:create\nhost = ::1\nport = 3000\nshutdownDelay = 5000\nidleGrace = 0\nworkers = 2\ntimeout = 1000\npreload = on\n'
  })

  for (const file of ['server.yaml', 'server.ini']) {
    const argv = ['-c', path.join(folder, file)]
    const { config } = parseCommandLine(argv)
    t.equal(config, path.join(folder, file))
    t.match(parseCommandLine(argv, {}, await readSettings(config, {})), expected)
  }
})

t.test('flags win over the environment, it over the file', async t => {
  const settings = { port: 1, host: 'file', shutdownTimeout: 1, workers: 2, module: 'file.ts' }

  t.match(parseCommandLine(['-P', '3', '--shutdown-timeout', '3', 'flag.ts'], { PORT: '2', WEB_CONCURRENCY: '4' }, settings),
    { port: 3, host: 'file', serve: { shutdownTimeout: 3 }, cluster: { workers: 4 }, module: 'flag.ts' })
  t.match(parseCommandLine([], { PORT: '2' }, settings), { port: 2, host: 'file', cluster: { workers: 2 } })
  t.match(await readSettings(undefined, { AIO_SHUTDOWN_DELAY: '7', AIO_LOG_LEVEL: 'warn' }), { shutdownDelay: 7, logLevel: 'warn' })
})

t.test('a path alone means no TCP, from a file too; several sites replace both', async t => {
  t.same(parseCommandLine([], { PORT: '1' }, { path: '/x' }), { action: 'run', args: [], path: '/x' })
  const sites = [{ host: '127.0.0.1', port: 0 }, { path: '/x' }]
  t.same(parseCommandLine([], {}, { sites }), { action: 'run', args: [], sites })
  t.same(parseCommandLine(['-P', '1'], {}, { sites }), { action: 'run', args: [], host: '127.0.0.1', port: 1 })
  t.throws(() => parseCommandLine(['--workers', '2'], {}, { sites }), usage)
})

t.test('settings of a master are left alone without workers', async t => {
  t.same(parseCommandLine(['-U', '/x'], {}, { timeout: 1, maxRequests: 1 }), { action: 'run', args: [], path: '/x' })
})

t.test('--config is ours before the module and its own behind it', async t => {
  t.match(parseCommandLine(['--config', 'a.yaml', 'app.ts', '--config', 'b.yaml', '-c=c', '--config=d', '-P', '1']),
    { config: 'a.yaml', module: 'app.ts', port: 1, args: ['--config', 'b.yaml', '-c=c', '--config=d'] })
  t.throws(() => parseCommandLine(['--config=']), usage)
  t.throws(() => parseCommandLine(['-c', 'a', '-c', 'b']), usage)
})

t.test('everything that is wrong with a file is one usage error', async t => {
  const file = path.relative(process.cwd(), path.join(t.testdir(), 'server.yaml'))
  writeFileSync(file, 'prot: 80\nport: 80000\n')

  await t.rejects(readSettings(file, { AIO_LOG_LEVEL: 'loud' }), {
    ...usage,
    message: `Invalid configuration: ${file}:1: Unknown key "prot": did you mean "port"?; ` +
      `${file}:2: Invalid "port": expected a whole number from 0 to 65535, got 80000; ` +
      'AIO_LOG_LEVEL: Invalid "logLevel": expected one of "trace", "debug", "info", "warn", "error", "fatal", "silent", got \'loud\''
  })
  await t.rejects(readSettings('none.yaml', {}), { ...usage, message: /no such file/ })
  writeFileSync(file, 'sites:\n- port: 1\n  host: x\nport: 1\n')
  await t.rejects(readSettings(file, {}), { ...usage, message: /exclude each other/ })
})

t.test('the times of a shutdown have flags', async t => {
  const argv = ['--shutdown-delay', '1', '--graceful-timeout', '2', '--idle-grace', '3', '--cleanup-timeout', '4', '--keep-alive-timeout=5']
  t.match(parseCommandLine(argv).serve,
    { shutdownDelay: 1, shutdownTimeout: 2, idleGrace: 3, cleanupTimeout: 4, keepAliveTimeout: 5 })
  t.throws(() => parseCommandLine(['--shutdown-timeout', '1', '--graceful-timeout', '1']), usage)
  for (const text of ['-1', '1.5', '1s', '', '99999999999']) {
    t.throws(() => parseCommandLine([`--shutdown-delay=${text}`]), usage)
  }
})
