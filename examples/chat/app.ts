/**
 * A chat over websockets, every HTTP exception at a click, and what the server says of itself.
 *
 * An application of its own, and a plugin for another one: the polls have it below `/chat`.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import bundle, { frameworkErrors, HTTPNotFound, runApp, runnerKey, WSMsgType } from '../../app.ts'
import { ChatRooms } from './chat.ts'
import { kinds } from './exceptions.ts'

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** The chat alone, ready to be served. */
export default async function createApp (options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify({ frameworkErrors, ...options })
  await app.register(bundle)
  await app.register(chat)
  return app
}

/** The chat as a part of an app that has the bundle; all its URLs are relative to its prefix. */
export async function chat (app: FastifyInstance): Promise<void> {
  addChat(app)
  addExceptions(app)
  addServer(app)
  await app.register(async page => {
    page.addHook('onSend', async (_request, reply) => {
      reply.headers({
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff'
      })
    })
    page.addStatic('/', new URL('public', import.meta.url), { index: 'index.html', cacheControl: 'no-cache' })
  })
}

function addChat (app: FastifyInstance) {
  const rooms = new ChatRooms(['lobby', 'aiohttp', 'fastify'])

  app.websocket('/socket', { heartbeat: 30_000, maxMsgSize: 65_536 }, async ws => {
    const client = rooms.connect({
      send: frame => ws.sendStr(frame),
      close: () => { ws.terminate() }
    })
    try {
      for await (const message of ws) {
        // Bytes are no chat; as text they are no JSON and get the same answer.
        if (message.type === WSMsgType.TEXT) client.receive(String(message.data))
        else if (message.type === WSMsgType.BINARY) client.receive('')
      }
    } finally {
      client.leave()
    }
  })
}

function addExceptions (app: FastifyInstance) {
  const byName = new Map(kinds.map(kind => [kind.name, kind]))

  app.get('/exceptions', async () => kinds.map(({ name, status }) => ({ name, status })))

  app.get<{ Params: { name: string } }>('/exceptions/:name', async ({ params }) => {
    throw byName.get(params.name)?.create() ?? new HTTPNotFound({ text: `There is no exception "${params.name}"` })
  })

  // Browsers follow redirections and ask for passwords: the page wants to show the answer itself.
  app.get<{ Params: { name: string } }>('/answers/:name', async ({ params, headers: { accept = '*/*' } }) => {
    const { statusCode, statusMessage, headers, body } = await app.inject({
      url: `${app.prefix}/exceptions/${encodeURIComponent(params.name)}`, headers: { accept }
    })
    return { status: statusCode, reason: statusMessage, headers, body }
  })
}

function addServer (app: FastifyInstance) {
  let startedAt = 0
  app.onStartup(() => { startedAt = Date.now() })

  app.get('/sites', async request => {
    const runner = app.state.get(runnerKey, null)
    return { sites: runner === null ? [originOf(request)] : Array.from(runner.sites, ({ name }) => name) }
  })
  app.get('/lifecycle', async () => ({
    startedAt, uptime: Date.now() - startedAt, websockets: app.websockets.size, node: process.version
  }))
}

/** Where this request came in: all there is to know without a runner. */
function originOf ({ protocol, host }: FastifyRequest): string {
  return `${protocol}://${host}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp())
