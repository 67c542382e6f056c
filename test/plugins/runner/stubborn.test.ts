/** The worst of all shutdowns: everything that may hold one up does so at once. */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { bundleFixture } from '../../bundle.ts'
import { get, Raw } from '../../raw.ts'

/** The deadline, in milliseconds. */
const shutdownTimeout = 1000

/** How much longer it may take. */
const grace = 250

const program = await bundleFixture(t, 'stubborn-server.ts')

t.test('nobody holds a shutdown up: each is named in one report, and everybody else is cleaned up', async t => {
  const child = spawn(process.execPath, [program, String(shutdownTimeout)])
  t.teardown(() => child.kill('SIGKILL'))
  let [said, errors] = ['', '']
  child.stderr.on('data', data => { errors += String(data) })
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => { said += `${line}\n` })
  const [banner] = await once(lines, 'line') as [string]
  const port = Number(/:(\d+) =/.exec(banner)?.[1])
  const deaf = await Raw.open(t, { port })
  deaf.write('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`)
  await deaf.until(/101 Switching Protocols/)
  const slow = await Raw.open(t, { port })
  slow.write(get('/large'))
  await slow.until(/content-length/)
  // One byte a second: nothing for this long, as far as the server can see.
  slow.socket.pause()
  const sip = setInterval(() => slow.socket.read(1), 1000)
  t.teardown(() => clearInterval(sip))

  const began = Date.now()
  child.kill('SIGTERM')
  const [code] = await once(child, 'close') as [number | null]
  const took = Number(/^exit (\d+)$/m.exec(said)?.[1]) - began
  const lag = await bareExit()

  t.equal(code, 1, 'a context has failed')
  t.ok(took < shutdownTimeout + grace + lag, `took ${took} ms, a bare exit on this machine ${lag} ms`)
  const report = errors.slice(errors.lastIndexOf('Shutdown: '))
  t.match(report, /the onShutdown receiver "neverResolves"/)
  t.match(report, /the cleanupContext receiver "throws" failed/)
  t.match(report, /job "deaf", for \d+ ms/)
  t.match(report, /websocket \/chat from 127\.0\.0\.1/)
  t.match(report, /request GET \/large from 127\.0\.0\.1/)
  t.match(errors, 'cannot close')
  const others = ['the next receiver of onShutdown runs', 'last left', 'first left', 'onCleanup runs', 'onClose runs']
  t.same(said.split('\n').filter(line => others.includes(line)), others, 'all others have been told, in order')
})

/** How late a process ends that only waits for the deadline: what the machine is to blame for. */
async function bareExit (): Promise<number> {
  const wait = `process.on('SIGTERM', () => setTimeout(() => process.exit(), ${shutdownTimeout}))`
  const child = spawn(process.execPath, ['-e', `${wait}; setInterval(() => {}, 9); console.log('ready');
    process.on('exit', () => console.log(Date.now()))`])
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  await once(lines, 'line')
  const began = Date.now()
  child.kill('SIGTERM')
  const [end] = await once(lines, 'line') as [string]
  return Math.max(0, Number(end) - began - shutdownTimeout)
}
