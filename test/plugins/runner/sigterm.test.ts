/** The whole promise at once: a process under load is told to stop. */

import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { bundleFixture } from '../../bundle.ts'
import { get, Raw } from '../../raw.ts'
import type { Load, Outcome } from '../../fixtures/load-client.ts'

const serverProgram = await bundleFixture(t, 'loaded-server.ts')
const clientProgram = await bundleFixture(t, 'load-client.ts')

function start (t: Test, program: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args])
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

/** The server's port, once it listens; its standard error is collected. */
async function startServer (t: Test, shutdownTimeout: number) {
  const child = start(t, serverProgram, String(shutdownTimeout))
  let errors = ''
  child.stderr?.on('data', data => { errors += String(data) })
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]()
  const banner = String((await lines.next()).value)
  const port = Number(/:(\d+) =/.exec(banner)?.[1])
  return { child, port, errors: () => errors }
}

/** Connections that count exactly what happens to their requests. */
async function startLoad (t: Test, port: number): Promise<() => Promise<Outcome>> {
  const load: Load = { port, connections: 64, mode: 'keep', pipeline: 1, think: 1, path: '/' }
  const child = start(t, clientProgram, JSON.stringify(load))
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]()
  await lines.next()
  return async () => {
    child.stdin?.end()
    return JSON.parse((await lines.next()).value) as Outcome
  }
}

async function openWebSockets (t: Test, port: number, count: number) {
  const sockets = Array.from({ length: count }, () => new WebSocket(`ws://127.0.0.1:${port}/chat`))
  t.teardown(() => sockets.forEach(socket => socket.terminate()))
  const codes = sockets.map(socket => new Promise<number>(resolve => socket.once('close', resolve)))
  await Promise.all(sockets.map(socket => once(socket, 'open')))
  return Promise.all(codes)
}

async function ended (child: ChildProcess): Promise<{ code: number | null, took: number }> {
  const begin = performance.now()
  const [code] = await once(child, 'exit') as [number | null]
  return { code, took: performance.now() - begin }
}

for (const stalled of [false, true]) {
  const name = stalled ? 'two stalled clients are named and cut at the deadline' : 'nothing stalls'
  t.test(`SIGTERM under load: ${name}`, async t => {
    const shutdownTimeout = stalled ? 2000 : 30_000
    const server = await startServer(t, shutdownTimeout)
    const stopLoad = await startLoad(t, server.port)
    const codes = openWebSockets(t, server.port, 200)
    const target = { port: server.port }
    const half = await Raw.open(t, target)
    if (stalled) half.write('GET / HTTP/1.1\r\nHo')
    const upload = await Raw.open(t, target)
    if (stalled) upload.write('POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nab')
    const chat = new WebSocket(`ws://127.0.0.1:${server.port}/chat`)
    t.teardown(() => chat.terminate())
    await once(chat, 'open')
    const slow = await Promise.all(Array.from({ length: 10 }, () => Raw.open(t, target)))
    const slowBegin = performance.now()
    for (const raw of slow) raw.write(get('/slow'))
    // An echo tells that the server has read what was written before.
    chat.send('sync')
    await once(chat, 'message')

    server.child.kill('SIGTERM')
    const { code, took } = await ended(server.child)
    const longest = 1000 - (performance.now() - took - slowBegin)
    const outcome = await stopLoad()

    t.equal(code, 0, 'exit status')
    for (const raw of slow) {
      const { text } = await raw.ended
      t.match(text, /^HTTP\/1.1 200[^]*connection: close[^]*\r\n\r\nslow$/i)
    }
    const seen = await codes
    t.equal(seen.length, 200)
    t.ok(seen.every(code => code === 1001), 'every websocket saw 1001')
    t.ok(outcome.ok > 200, `${outcome.ok} requests under load`)
    t.match(outcome, { dropped: 0, truncated: 0, other: 0, resetAtConnect: 0 }, 'nothing was lost or broken off')
    if (stalled) {
      t.match((await half.ended).text, /^HTTP\/1.1 408/)
      t.match((await upload.ended).text, /^HTTP\/1.1 503/)
      t.match(server.errors(), /1 half-sent request, 1 request still open after 2000 ms/)
      t.match(server.errors(), /request POST \/upload from 127.0.0.1, its body half received/)
      t.ok(took < shutdownTimeout + 700, `took ${Math.round(took)} ms`)
    } else {
      t.equal(server.errors(), '')
      t.ok(took < longest + 200, `took ${Math.round(took)} ms, the longest request ${Math.round(longest)}`)
    }
  })
}

t.test('SIGTERM under wrk: no answer is broken off and none is an error', {
  skip: hasWrk() ? false : 'wrk is not installed'
}, async t => {
  const server = await startServer(t, 10_000)
  const wrk = promisify(execFile)('wrk', ['-t1', '-c64', '-d2', `http://127.0.0.1:${server.port}/`])
  await new Promise(resolve => setTimeout(resolve, 1000))

  server.child.kill('SIGTERM')
  const { code } = await ended(server.child)
  const { stdout } = await wrk

  t.equal(code, 0)
  t.match(stdout, /requests in/)
  t.notMatch(stdout, /Non-2xx/)
  t.match(/read (\d+)/.exec(stdout)?.[1] ?? '0', '0', 'no connection was reset while it waited for an answer')
})

function hasWrk (): boolean {
  try {
    execFileSync('which', ['wrk'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
