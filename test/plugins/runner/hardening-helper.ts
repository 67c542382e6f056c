/** Clients that mean no good, and an app to ask. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { AppRunner, TCPSite, type HardeningOptions, type RunnerOptions } from '../../../plugins/runner/index.ts'
import { Raw } from '../../raw.ts'

// More than the system takes for a client that does not read: 5 MB may fit into its buffers.
export const large = Buffer.alloc(16 * 2 ** 20, 'x')

export const halfHead = 'GET / HTTP/1.1\r\nHost: x\r\n'
export const halfBody = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nhalf'

export function createApp () {
  const app = Fastify()
  app.get('/', async () => 'hello')
  app.get('/large', async () => large)
  app.get('/stream', async () => Readable.from(Array.from({ length: 256 }, () => large.subarray(0, 65_536))))
  app.post('/', async request => String(request.body))
  return app
}

export async function start (
  t: Test, app: FastifyInstance, hardening: boolean | HardeningOptions, options: RunnerOptions = {}
) {
  const runner = new AppRunner(app, { shutdownTimeout: 2000, ...options, hardening })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return { runner, port: site.port ?? 0 }
}

/** Many connections that have sent something. */
export async function crowd (t: Test, port: number, count: number, text: string): Promise<Raw[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const raw = await Raw.open(t, { port })
    raw.write(text)
    return raw
  }))
}

/** A client that asks and never reads. */
export async function deaf (t: Test, target: { port: number } | { path: string }, text: string): Promise<Socket> {
  const socket = connect(target)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  socket.write(text)
  return socket
}

/** Resolves when the runner has no connection left. */
export async function emptied (runner: AppRunner): Promise<void> {
  while (runner.connections.size > 0) await new Promise(resolve => setTimeout(resolve, 10))
}
