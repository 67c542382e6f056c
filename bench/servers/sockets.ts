/**
 * Websockets: by plain ws, or by ours when the first argument is `ours`. Echoes at `/`.
 *
 * Does what it is told: `memory` gives the bytes in use, `broadcast` the milliseconds that sending to all took here,
 * `burst` those of sixteen broadcasts in one turn of the event loop.
 */

import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'
import { settledMemory } from './memory.ts'
import { AppRunner, bundle, TCPSite } from './package.ts'

const text = 'to all of you'.padEnd(64)

async function servePlain () {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096 })
  server.on('connection', socket => {
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  await once(server, 'listening')
  const send = () => { for (const socket of server.clients) socket.send(text) }
  return { port: Number(Object(server.address()).port), send }
}

async function serveOurs () {
  const app = Fastify()
  await app.register(bundle)
  app.websocket('/', { compress: false, decodeText: false }, async ws => {
    for await (const { data, type } of ws) await ws.sendFrame(data as Buffer, type)
  })
  const runner = new AppRunner(app)
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0, backlog: 4096 })
  await site.start()
  process.on('SIGTERM', async () => {
    await runner.cleanup()
    process.exit()
  })
  return { port: site.port, send: () => { app.websockets.broadcast(null, text) } }
}

async function sendToAll (times: number): Promise<number> {
  const begin = performance.now()
  for (let time = 0; time < times; time += 1) send()
  // What was joined leaves at the end of the turn.
  await turn()
  return performance.now() - begin
}

const { port, send } = await (process.argv[2] === 'ours' ? serveOurs() : servePlain())
const commands: Record<string, () => Promise<number>> = {
  memory: settledMemory,
  broadcast: () => sendToAll(1),
  burst: () => sendToAll(16)
}
process.on('message', async (command: string) => { process.send?.(await commands[command]?.()) })
process.on('disconnect', () => process.exit())
process.send?.({ port })
