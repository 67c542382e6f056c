/**
 * A websocket that answers every text, and closes when it is asked to.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import bundle, { WSMsgType, WebSocketResponse, runApp } from '../../app.ts'

async function websocketHandler (request: FastifyRequest) {
  const ws = new WebSocketResponse()
  await ws.prepare(request)

  for await (const message of ws) {
    if (message.type === WSMsgType.TEXT) {
      if (message.data === 'close') await ws.close()
      else await ws.sendStr(`${message.data}/answer`)
    } else if (message.type === WSMsgType.ERROR) {
      request.log.error(ws.exception(), 'websocket closed with an error')
    }
  }

  request.log.info('websocket closed')
  return ws
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.get('/ws', websocketHandler)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
