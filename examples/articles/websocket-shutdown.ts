/**
 * Websockets that are open when the server stops: remembered on the app, closed with 1001 at shutdown.
 *
 * The registry of the websockets plugin does this by itself; this is the same by hand, in aiohttp's way.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import bundle, { AppKey, WebSocketResponse, runApp } from '../../app.ts'

const websockets = new AppKey<Set<WebSocketResponse>>('websockets')

async function websocketHandler (request: FastifyRequest) {
  const ws = new WebSocketResponse()
  await ws.prepare(request)
  const open = request.server.state.get(websockets)
  open.add(ws)
  try {
    for await (const message of ws) await ws.sendStr(`${message.data}/answer`)
  } finally {
    open.delete(ws)
  }
  return ws
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.state.set(websockets, new Set())
  app.onShutdown(async () => {
    const open = [...app.state.get(websockets)]
    await Promise.all(open.map(ws => ws.close({ code: 1001, message: 'Server shutdown' })))
  })
  app.get('/ws', websocketHandler)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
