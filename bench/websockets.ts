/**
 * Messages a second over websockets, next to plain ws: `node --import=tsx bench/websockets.ts [connections] [rounds]`.
 *
 * Both servers echo; rounds alternate, so that whatever else the machine does meets both. Prints the median of
 * the ratios, for one message in flight per connection and for many.
 *
 * @module
 */

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { WebSocket, WebSocketServer } from 'ws'

/** Milliseconds of one measurement. */
const duration = 1000
const [kind, size = '32', rounds = '5'] = process.argv[2] === 'serve' ? process.argv.slice(3) : ['', ...process.argv.slice(2)]

async function servePlain (): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', socket => socket.on('message', (data, binary) => socket.send(data, { binary })))
  await once(server, 'listening')
  return Object(server.address()).port
}

async function serveOurs (): Promise<number> {
  const { default: websockets } = await import('../plugins/websockets/index.ts')
  const app = Fastify()
  await app.register(websockets)
  app.websocket('/', { compress: false }, async ws => {
    for await (const message of ws) await ws.sendStr(String(message.data))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return Object(app.server.address()).port
}

/** Messages a second over some connections with so many in flight on each. */
async function measure (port: number, connections: number, inFlight: number): Promise<number> {
  const sockets = Array.from({ length: connections }, () => new WebSocket(`ws://127.0.0.1:${port}/`, {
    perMessageDeflate: false
  }))
  await Promise.all(sockets.map(socket => once(socket, 'open')))
  let count = 0
  for (const socket of sockets) {
    socket.on('message', () => {
      count++
      socket.send('hello websocket')
    })
    for (let index = 0; index < inFlight; index++) socket.send('hello websocket')
  }
  await new Promise(resolve => setTimeout(resolve, 200))
  const [start, before] = [performance.now(), count]
  await new Promise(resolve => setTimeout(resolve, duration))
  const rate = (count - before) / (performance.now() - start) * 1000
  for (const socket of sockets) socket.terminate()
  return rate
}

async function start (which: string): Promise<{ child: ChildProcess, port: number }> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', which], { execArgv: process.execArgv })
  const [port] = await once(child, 'message')
  return { child, port }
}

function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

if (process.argv[2] === 'serve') {
  process.send?.(await (kind === 'plain' ? servePlain() : serveOurs()))
} else {
  const plain = await start('plain')
  const ours = await start('ours')
  for (const inFlight of [1, 16, 128]) {
    const rates: Array<[plain: number, ours: number]> = []
    for (let round = 0; round < Number(rounds); round++) {
      rates.push([await measure(plain.port, Number(size), inFlight), await measure(ours.port, Number(size), inFlight)])
    }
    const ratio = median(rates.map(([theirs, own]) => own / theirs))
    console.log(`${inFlight} in flight: plain ws ${Math.round(median(rates.map(([rate]) => rate)))}/s,`,
      `ours ${Math.round(median(rates.map(([, rate]) => rate)))}/s, ratio ${ratio.toFixed(2)}`)
  }
  plain.child.kill()
  ours.child.kill()
}
