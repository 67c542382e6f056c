/**
 * Readers that stop, random frames, many connections. Small here; on demand as long as you like:
 * TEST_WS_MEGABYTES=1024, TEST_WS_FUZZ=60000 (milliseconds) with TEST_WS_SEED, TEST_WS_CONNECTIONS=9000 (two
 * descriptors each; bench/connections.ts has a process for each end).
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { WSMsgType } from '../../../plugins/websockets/index.ts'
import { buildApp, frame, listen, open, Raw, serve } from './helper.ts'

const megabytes = Number(process.env.TEST_WS_MEGABYTES ?? 64)
const fuzzTime = Number(process.env.TEST_WS_FUZZ ?? 1000)
const seed = Number(process.env.TEST_WS_SEED ?? 1)
const connections = Number(process.env.TEST_WS_CONNECTIONS ?? 300)

t.test('a reader that stops costs no memory, and others are served meanwhile', { timeout: 300_000 }, async t => {
  const app = await buildApp(t)
  const chunk = Buffer.alloc(65_536)
  app.websocket('/much', { compress: false }, async ws => {
    for (let sent = 0; sent < megabytes * 1_048_576; sent += chunk.length) await ws.sendBytes(chunk)
  })
  app.websocket('/echo', async ws => {
    for await (const message of ws) await ws.sendStr(String(message.data))
  })
  const port = await serve(app)
  const other = await open(t, port, '/echo')
  await other.ask('warm')
  const before = process.memoryUsage.rss()
  const slow = connect(port, '127.0.0.1')
  t.teardown(() => slow.destroy())
  slow.write('GET /much HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
    'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
  slow.pause()
  let grown = 0
  for (let look = 0; look < 10; look++) {
    t.equal(await other.ask(String(look)), String(look))
    await sleep(50)
    grown = Math.max(grown, process.memoryUsage.rss() - before)
  }

  t.ok(grown < 32 * 1_048_576, `grew by ${Math.round(grown / 1_048_576)} MiB`)
  let received = 0
  await new Promise<void>(resolve => {
    slow.on('data', data => {
      received += data.length
      if (received > megabytes * 1_048_576) resolve()
    })
    slow.resume()
  })
  await t.resolves(other.ask('still here'))
})

/** xorshift32: the same sequence for the same seed. */
function random (state: number): (below: number) => number {
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** What breaks a rule, and the code that says so. */
const violations: ReadonlyArray<readonly [what: string, bytes: Buffer, code: number]> = [
  ['unmasked', frame(1, 'x', false), 1002],
  ['reserved bit', mutated(frame(1, 'x'), 0, 0x20), 1002],
  ['RSV1 without extension', mutated(frame(1, 'x'), 0, 0x40), 1002],
  ['opcode 3', frame(3, 'x'), 1002],
  ['opcode 11', frame(11, 'x'), 1002],
  ['continuation of nothing', frame(0, 'x'), 1002],
  ['fragmented ping', mutated(frame(9, 'x'), 0, 0x80), 1002],
  ['close with one byte', frame(8, 'x'), 1002],
  ['close with 1005', frame(8, Buffer.from([3, 237])), 1002],
  ['close with 999', frame(8, Buffer.from([3, 231])), 1002],
  ['invalid text', frame(1, Buffer.from([0xc0, 0x80])), 1007],
  ['invalid reason', frame(8, Buffer.from([3, 232, 0xff])), 1007],
  ['too big', Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]), 1009]
]

function mutated (bytes: Buffer, at: number, bits: number): Buffer {
  bytes[at] = Number(bytes[at]) ^ bits
  return bytes
}

t.test('each violation is answered with its code', async t => {
  const app = await buildApp(t)
  app.websocket('/', { maxMsgSize: 65_536 }, listen)
  const port = await serve(app)
  for (const [what, bytes, code] of violations) {
    const raw = new Raw(t, port, '/')
    await raw.head()
    raw.socket.write(bytes)
    const rest = await raw.rest()
    t.equal(rest[0], 0x88, what)
    t.equal(rest.readUInt16BE(2), code, what)
  }
})

t.test('random and mutated frames do no harm', { timeout: fuzzTime + 60_000 }, async t => {
  const app = await buildApp(t)
  app.websocket('/', { maxMsgSize: 65_536, timeout: 200 }, async ws => {
    for await (const message of ws) {
      if (message.type === WSMsgType.BINARY) await ws.sendBytes(message.data)
    }
  })
  const port = await serve(app)
  const until = performance.now() + fuzzTime
  const rounds = { connections: 0, closed: new Map<number, number>() }
  const attack = async (number: number) => {
    const next = random(seed + number * 7919)
    while (performance.now() < until) {
      const raw = new Raw(t, port, '/')
      await raw.head()
      for (let index = next(20) + 1; index > 0 && raw.socket.writable; index--) raw.socket.write(randomFrame(next))
      raw.socket.end()
      const code = lastClose(await raw.rest())
      raw.socket.destroy()
      rounds.connections++
      rounds.closed.set(code, (rounds.closed.get(code) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: fuzzTime > 5000 ? 50 : 8 }, (_item, number) => attack(number)))

  t.comment(`seed ${seed}: ${rounds.connections} connections, close codes ${JSON.stringify([...rounds.closed])}`)
  t.ok(rounds.connections > 0)
  for (const code of rounds.closed.keys()) {
    t.ok([0, 1000, 1001, 1002, 1005, 1007, 1008, 1009].includes(code) || (code >= 1000 && code < 5000), String(code))
  }
  while (app.websockets.size > 0) await sleep(20)
  const client = await open(t, port, '/')
  t.same(await client.ask(Buffer.from('alive')), Buffer.from('alive'))
})

/** A frame as it should be, or with some bits changed, or bytes that are none. */
function randomFrame (next: (below: number) => number): Buffer {
  const payload = Buffer.from(Array.from({ length: next(120) }, () => next(256)))
  const bytes = frame([0, 1, 2, 2, 2, 8, 9, 10][next(8)]!, payload)
  const kind = next(10)
  if (kind === 0) return payload
  if (kind < 4) return mutated(bytes, next(bytes.length), 1 << next(8))
  return kind === 4 ? bytes.subarray(0, next(bytes.length)) : bytes
}

/** The code of the close frame among server frames; 0 without one. */
function lastClose (bytes: Buffer): number {
  for (let at = 0; at + 2 <= bytes.length;) {
    const length = Number(bytes[at + 1])
    const [head, size] = length < 126 ? [2, length] : [4, bytes.readUInt16BE(at + 2)]
    if ((Number(bytes[at]) & 15) === 8) return size >= 2 ? bytes.readUInt16BE(at + 2) : 1005
    at += head + size
  }
  return 0
}

t.test('many connections: idle, a broadcast, and 1001 for each at shutdown', { timeout: 300_000 }, async t => {
  const app = await buildApp(t, { closeTimeout: 60_000 })
  app.websocket('/', { compress: false }, listen)
  const port = await serve(app)
  const sockets: Socket[] = []
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  const before = process.memoryUsage.rss()
  const heard = { broadcast: 0, goodbye: 0 }
  const start = performance.now()
  for (let opened = 0; opened < connections; opened += 100) {
    const batch = Array.from({ length: Math.min(100, connections - opened) }, () => {
      const { socket } = new Raw(t, port, '/')
      sockets.push(socket)
      return once(socket, 'data')
    })
    await Promise.all(batch)
  }
  const openTime = performance.now() - start
  const grown = process.memoryUsage.rss() - before
  t.equal(app.websockets.size, connections)
  for (const socket of sockets) {
    socket.on('end', () => socket.end())
    socket.on('data', data => {
      if (data[0] === 0x81) heard.broadcast++
      if (data[0] !== 0x88) return
      if (data.readUInt16BE(2) === 1001) heard.goodbye++
      socket.write(frame(8, Buffer.from([3, 233])))
    })
  }

  t.equal(app.websockets.broadcast(null, 'to all of you').sent, connections)
  while (heard.broadcast < connections) await sleep(10)
  const closing = performance.now()
  await app.websockets.shutdown()
  t.equal(heard.goodbye, connections)
  t.equal(app.websockets.size, 0)
  t.comment(`${connections} connections: opened in ${Math.round(openTime)} ms, both ends ` +
    `${(grown / connections / 1024).toFixed(1)} KiB each, closed in ${Math.round(performance.now() - closing)} ms`)
})
