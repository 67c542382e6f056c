/**
 * Memory of idle websockets, next to plain ws: `node --import=tsx bench/connections.ts [connections]`.
 *
 * Ours are also sent a broadcast and closed as at shutdown; each has to hear both. Both servers compress nothing.
 *
 * @module
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'

const handshake = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
// 1001, masked with zeros
const answer = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 233])

/** Serves, and does what it is told: `rss`, `broadcast`, `close`. */
async function serve (which: string): Promise<void> {
  const commands: Record<string, () => unknown> = {
    rss: () => {
      globalThis.gc?.()
      return process.memoryUsage.rss()
    }
  }
  process.on('message', async (command: string) => { process.send?.(await commands[command]?.()) })
  if (which === 'plain') {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096 })
    server.on('connection', socket => { socket.on('message', () => {}) })
    await once(server, 'listening')
    process.send?.(Object(server.address()).port)
    return
  }
  const { default: websockets } = await import('../plugins/websockets/index.ts')
  const app = Fastify()
  await app.register(websockets, { closeTimeout: 60_000 })
  app.websocket('/', { compress: false }, async ws => { while (!ws.closed) await ws.receive() })
  commands.broadcast = () => app.websockets.broadcast(null, 'to all of you').sent
  commands.close = () => app.websockets.shutdown().then(() => app.websockets.size)
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  process.send?.(Object(app.server.address()).port)
}

async function run (which: string, connections: number): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', which], { execArgv: [...process.execArgv, '--expose-gc'] })
  const [port] = await once(child, 'message')
  const ask = async (command: string): Promise<number> => {
    child.send(command)
    return (await once(child, 'message'))[0]
  }
  const before = await ask('rss')
  const started = performance.now()
  const sockets: Socket[] = []
  const heard = { broadcast: 0, goodbye: 0 }
  while (sockets.length < connections) {
    await Promise.all(Array.from({ length: Math.min(200, connections - sockets.length) }, async () => {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      socket.write(handshake)
      await once(socket, 'data')
      socket.on('data', data => {
        if (data[0] === 0x81) heard.broadcast++
        if (data[0] !== 0x88) return
        heard.goodbye += data.readUInt16BE(2) === 1001 ? 1 : 0
        socket.end(answer)
      })
    }))
  }
  const opened = performance.now() - started
  const each = ((await ask('rss')) - before) / connections / 1024
  console.log(`${which}: ${connections} opened in ${Math.round(opened)} ms, ${each.toFixed(1)} KiB each`)
  if (which === 'ours') {
    const sending = performance.now()
    const sent = await ask('broadcast')
    console.log(`  broadcast to ${sent} in ${Math.round(performance.now() - sending)} ms`)
    const closing = performance.now()
    const left = await ask('close')
    console.log(`  closed in ${Math.round(performance.now() - closing)} ms, ${left} left;`,
      `broadcast heard by ${heard.broadcast}, 1001 by ${heard.goodbye}`)
  }
  for (const socket of sockets) socket.destroy()
  child.kill()
}

if (process.argv[2] === 'serve') {
  await serve(String(process.argv[3]))
} else {
  for (const which of ['plain', 'ours']) await run(which, Number(process.argv[2] ?? 10_000))
}
