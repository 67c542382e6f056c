/**
 * The twin: the websocket server whose conversations were recorded, in TypeScript on this package.
 *
 *     npm run twin:websockets -- --port 8099      prints "ready http://127.0.0.1:PORT"
 *
 * Each endpoint is one way of using `WebSocketResponse`. Routes below `/_control` are for the replay only: what
 * the handlers saw, and further instances that can be shut down.
 *
 * @module
 */

import { once } from 'node:events'
import { parseArgs } from 'node:util'
import Fastify, { type FastifyInstance } from 'fastify'
import exceptions from '../../../plugins/exceptions/index.ts'
import responses, { Response } from '../../../plugins/responses/index.ts'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import websockets, { WSCloseCode, type WebSocketResponse } from '../../../plugins/websockets/index.ts'
import { addEndpoints } from './endpoints.ts'
import type { Journal } from './journal.ts'

async function makeApp (journals: Map<string, Journal>, closeTimeout: number): Promise<FastifyInstance> {
  const app = Fastify({ routerOptions: { maxParamLength: 500 } })
  await app.register(signals)
  await app.register(exceptions, { format: 'aiohttp' })
  await app.register(responses)
  await app.register(websockets, { closeTimeout })
  const registry = new Set<WebSocketResponse>()
  app.onShutdown(async () => {
    for (const ws of registry) await ws.close({ code: WSCloseCode.GOING_AWAY, message: 'Server shutdown' })
  })
  addEndpoints(app, journals, registry)
  app.get('/hello', async () => new Response({ text: 'hello' }))
  return app
}

async function serve (app: FastifyInstance, port: number, shutdownTimeout: number) {
  const runner = new AppRunner(app, { shutdownTimeout })
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port })
  await site.start()
  return { runner, port: Number(site.port) }
}

interface Instance {
  readonly runner: AppRunner
  state: 'running' | 'stopping' | 'stopped'
}

function addControl (app: FastifyInstance, journals: Map<string, Journal>): void {
  const instances = new Map<string, Instance>()
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' },
    async (_request: unknown, body: string) => body === '' ? {} : JSON.parse(body))
  app.get<{ Params: { name: string } }>('/_control/log/:name', async (request, reply) => {
    const journal = journals.get(request.params.name)
    reply.type('application/json')
    return JSON.stringify(journal === undefined
      ? null
      : { done: journal.done, events: journal.events, final: journal.final() })
  })
  app.post<{ Body: { shutdownTimeout?: number } }>('/_control/spawn', async request => {
    const timeout = (request.body.shutdownTimeout ?? 0.5) * 1000
    const { runner, port } = await serve(await makeApp(journals, timeout), 0, timeout)
    const id = String(instances.size + 1)
    instances.set(id, { runner, state: 'running' })
    return { id, port }
  })
  app.post<{ Params: { id: string } }>('/_control/shutdown/:id', async (request, reply) => {
    const instance = instances.get(request.params.id)
    if (instance !== undefined) {
      instance.state = 'stopping'
      instance.runner.cleanup().finally(() => { instance.state = 'stopped' }).catch(() => {})
    }
    return reply.code(202).send()
  })
  app.get<{ Params: { id: string } }>('/_control/instance/:id', async request => {
    return { state: instances.get(request.params.id)?.state }
  })
}

const { values: { port = '8099' } } = parseArgs({ options: { port: { type: 'string' } } })
const journals = new Map<string, Journal>()
const app = await makeApp(journals, 500)
addControl(app, journals)
const main = await serve(app, Number(port), 500)
console.log(`ready http://127.0.0.1:${main.port}`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await main.runner.cleanup()
process.exit()
