/**
 * Websockets in both styles: an echo as a handler of its own, and as the answer to an ordinary GET.
 *
 * `wscat -c ws://localhost:8080/echo`; "close" ends the conversation. Ctrl-C says 1001 to everybody.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import exceptions from '../plugins/exceptions/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import signals from '../plugins/signals/index.ts'
import websockets, { WebSocketResponse, WSMsgType } from '../plugins/websockets/index.ts'

async function answer (ws: WebSocketResponse) {
  for await (const message of ws) {
    if (message.type === WSMsgType.TEXT) {
      if (message.data === 'close') await ws.close()
      else await ws.sendStr(`${message.data}/answer`)
    } else if (message.type === WSMsgType.ERROR) {
      ws.request.log.warn({ err: message.data }, 'websocket connection failed')
    }
  }
}

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(exceptions)
  await app.register(signals)
  await app.register(websockets, { closeTimeout: 2_000 })

  app.websocket('/echo', { heartbeat: 30_000 }, answer)

  app.get('/', async request => {
    const ws = new WebSocketResponse()
    // A browser that only opens the page gets a page.
    if (!ws.canPrepare(request).ok) return `${app.websockets.size} websockets are open\n`
    await ws.prepare(request)
    await answer(ws)
    return ws
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
