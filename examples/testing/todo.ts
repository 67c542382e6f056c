/**
 * An application to be tested: a list of things to do for who is logged in, and a websocket that tells of changes.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, {
  HTTPUnauthorized, jsonResponse, Response, runApp, type WebSocketResponse
} from '../../app.ts'

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(bundle)
  const items: string[] = []
  const watching = new Set<WebSocketResponse>()

  app.post<{ Body: { user: string } }>('/login', async request => {
    const response = new Response({ text: `Hello, ${request.body.user}` })
    response.setCookie('user', request.body.user, { httpOnly: true })
    return response
  })

  app.post<{ Body: { text: string } }>('/items', async request => {
    const { user } = request.cookies
    if (user === undefined) throw new HTTPUnauthorized()
    items.push(`${request.body.text} (${user})`)
    await Promise.all(Array.from(watching, ws => ws.sendStr(request.body.text)))
    return jsonResponse(items, { status: 201 })
  })

  app.websocket('/changes', async ws => {
    watching.add(ws)
    while (!ws.closed) await ws.receive()
    watching.delete(ws)
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
