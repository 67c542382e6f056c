import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { inheritedSockets } from '../../server/inherited.ts'
import { shortFolder } from '../helper.ts'

const root = new URL('../..', import.meta.url).pathname

t.test('the sockets of LISTEN_FDS begin at descriptor 3 and have names', async t => {
  const env = { LISTEN_FDS: '3', LISTEN_PID: '42', LISTEN_FDNAMES: 'web:admin' }
  t.same(inheritedSockets(env, 42), [{ fd: 3, name: 'web' }, { fd: 4, name: 'admin' }, { fd: 5, name: '' }])
  t.same(inheritedSockets(env, 43), [], 'those of another process are none of ours')
  t.same(inheritedSockets({}, 42), [])
  t.same(inheritedSockets({ LISTEN_FDS: '', LISTEN_PID: '42' }, 42), [])
  t.same(inheritedSockets({ LISTEN_FDS: '0', LISTEN_PID: '42' }, 42), [])
})

t.test('a number of sockets that is none is refused', async t => {
  for (const count of ['-1', 'many', '1.5', '99999']) {
    t.throws(() => inheritedSockets({ LISTEN_FDS: count, LISTEN_PID: '42' }, 42), { name: 'UsageError', message: /LISTEN_FDS/ })
  }
})

/** A program that is ready when it has printed where it runs. */
async function banner (t: Test, child: ChildProcess): Promise<string> {
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout ?? process.stdin })
  for await (const line of lines) if (line.includes('Running on')) return line
  throw new Error('the server ended before it ran')
}

const command = ['--import=tsx', 'server.ts', 'examples/articles/create-app.ts']

t.test('the server listens at what it inherits, and nowhere else', async t => {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle
  // LISTEN_PID has to be known before the program begins: the shell becomes the program.
  const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, ...command], {
    cwd: root, env: { ...process.env, LISTEN_FDS: '1' }, stdio: ['ignore', 'pipe', 'inherit', fd]
  })
  const line = await banner(t, child)
  listener.close()

  t.match(line, `Running on http://127.0.0.1:${port} =`)
  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})

t.test('systemd starts it with the first connection, which waits', {
  skip: spawnSync('which', ['systemd-socket-activate']).status === 0 ? false : 'systemd-socket-activate is not installed'
}, async t => {
  const socketPath = join(shortFolder(t), 'web.sock')
  const child = spawn('systemd-socket-activate', ['-l', socketPath, process.execPath, ...command], {
    cwd: root, stdio: ['ignore', 'pipe', 'pipe']
  })
  const listening = createInterface({ input: child.stderr })
  for await (const line of listening) if (line.includes('Listening on')) break
  const ready = banner(t, child)

  const first = request({ socketPath, path: '/', agent: false }).end()
  const [response] = await once(first, 'response')
  response.resume()
  t.equal(response.statusCode, 200)
  t.match(await ready, /Running on .*(unix|socket)/)
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})
