/**
 * A websocket client: a bridge that asks another service over a websocket and answers over HTTP.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { ClientSession } from '../../plugins/client-session/index.ts'
import { runApp } from '../../plugins/runner/index.ts'
import websockets from '../../plugins/websockets/index.ts'

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  const session = new ClientSession({ headers: { 'X-Bridge': '1' } })
  app.addHook('onClose', async () => { await session.close() })
  await app.register(websockets)

  // The other service, here in the same app: it answers each word with its length.
  app.websocket('/lengths', async ws => {
    for await (const { data } of ws) await ws.sendJson({ word: String(data), length: String(data).length })
  })

  app.get('/', async request => {
    const words = ['tea', 'coffee', 'cake']
    await using ws = await session.wsConnect(`http://${request.host}/lengths`, {
      heartbeat: 10_000, receiveTimeout: 5_000, compress: true
    })
    for (const word of words) await ws.sendStr(word)
    const answers = []
    while (answers.length < words.length) answers.push(await ws.receiveJson())
    return answers
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
