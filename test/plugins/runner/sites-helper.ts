/** A runner with an app that says hello, and who asks it. */

import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import Fastify from 'fastify'
import type { Test } from 'tap'
import { AppRunner } from '../../../plugins/runner/index.ts'

/** A runner over an app that answers with `text`. */
export async function start (t: Test, text = 'hello'): Promise<AppRunner> {
  const app = Fastify()
  app.get('/', async () => text)
  const runner = new AppRunner(app, { shutdownTimeout: 500, idleGrace: 10 })
  t.teardown(() => runner.cleanup())
  await runner.setup()
  return runner
}

export async function ask (options: { host?: string, port: number } | { socketPath: string }): Promise<string> {
  const request = httpRequest({ host: '127.0.0.1', ...options, agent: false }).end()
  const [response] = await once(request, 'response')
  let text = ''
  for await (const piece of response) text += piece
  return text
}

export async function listen (t: Test, options: { port: number, host?: string } | { path: string }): Promise<Server> {
  const server = createServer()
  t.teardown(() => server.close())
  server.listen(options)
  await once(server, 'listening')
  return server
}

export const portOf = (server: Server) => (server.address() as AddressInfo).port
