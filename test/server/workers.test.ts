/** `--workers`: the command with a master, and what it refuses. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseCommandLine } from '../../server/command-line.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const app = path.join(t.testdir({
  'app.ts': `
    import Fastify from 'fastify'
    export default async () => {
      const app = Fastify()
      app.get('/', async () => process.pid)
      return app
    }`
}), 'app.ts')

t.test('the flags become options of the master and of each worker', async t => {
  const { cluster, serve } = parseCommandLine(['--workers', '3', '--max-requests', '9', '--graceful-timeout', '70',
    '--pid', 'x.pid', '--name', 'shop', '--preload', 'app.ts'])

  t.same(cluster, { workers: 3, maxRequests: 9, pidFile: 'x.pid', title: 'shop', preload: true })
  t.same(serve, { shutdownTimeout: 70 })
  t.match(parseCommandLine(['app.ts'], { WEB_CONCURRENCY: '4' }), { cluster: { workers: 4 } })
  t.equal(parseCommandLine(['app.ts'], { WEB_CONCURRENCY: '' }).cluster, undefined)
})

t.test('flags that make no sense are usage errors', async t => {
  const cases = [
    ['--workers', '0'], ['--workers', 'many'], ['--workers', '2', '--timeout', '1s'], ['--max-requests', '5'],
    ['--preload'], ['--workers', '2', '--watch'], ['--workers', '2', '--pid=']
  ]
  for (const argv of cases) t.throws(() => parseCommandLine(argv), { name: 'UsageError' }, argv.join(' '))
})

t.test('two workers serve until SIGTERM', async t => {
  const child = spawn(process.execPath, ['--import=tsx', 'server.ts', '--workers', '2', '--port', '0', app], { cwd: root })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', data => { text += String(data) })
  while (!text.includes('CTRL+C')) await once(child.stdout, 'data')
  const url = /http:\S+/.exec(text)![0]
  const pids = await Promise.all([1, 2, 3, 4].map(async () => (await fetch(url)).text()))
  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [0, null])
  t.ok(pids.every(pid => Number(pid) !== child.pid))
})

t.test('workers that do not start end the command with 3, and with --preload it says why at once', async t => {
  const run = (...args: string[]) => spawnSync(process.execPath,
    ['--import=tsx', 'server.ts', '--workers', '1', '--port', '0', ...args], { cwd: root, encoding: 'utf8' })

  t.equal(run('missing.ts').status, 3)
  const { status, stderr } = run('--preload', 'missing.ts')
  t.equal(status, 2)
  t.notMatch(stderr, 'worker forked')
})
