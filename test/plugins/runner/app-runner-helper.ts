/** An app, a runner for it, and who asks it. */

import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { AppRunner, ServerRunner, TCPSite, type RunnerOptions } from '../../../plugins/runner/index.ts'

/** An app with one route, and what happened to it. */
export function createApp () {
  const app = Fastify()
  const log: string[] = []
  app.get('/', async () => 'hello')
  app.post('/', async request => request.body)
  app.addHook('onReady', async () => { log.push('ready') })
  app.addHook('onClose', async () => { log.push('close') })
  return { app, log }
}

/** A runner that is cleaned up when the test ends. */
export async function start (t: Test, app: FastifyInstance, options: RunnerOptions = {}): Promise<AppRunner> {
  const runner = new AppRunner(app, { shutdownTimeout: 500, idleGrace: 10, ...options })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  return runner
}

export async function startSite (runner: AppRunner | ServerRunner): Promise<TCPSite> {
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return site
}

/** Asks for `/` over any transport. */
export async function ask (options: { port: number, tls?: boolean } | { socketPath: string }): Promise<string> {
  const secure = 'tls' in options && options.tls === true
  const request = (secure ? httpsRequest : httpRequest)({
    host: '127.0.0.1', ...options, rejectUnauthorized: false, agent: false
  }).end()
  const [response] = await once(request, 'response')
  let text = ''
  for await (const piece of response) text += piece
  return text
}
