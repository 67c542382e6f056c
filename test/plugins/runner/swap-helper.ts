/** Apps that are swapped, and what serves them. */

import { once } from 'node:events'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import WebSocket from 'ws'
import { AppRunner, TCPSite, type RunnerOptions } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'
import state from '../../../plugins/state.ts'
import websockets from '../../../plugins/websockets/index.ts'

/** A promise, and what resolves it. */
export function createGate () {
  let open = () => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  return { gate, open }
}

/** An app that says who it is, with a gate that holds requests until it is opened, and a list of what happened. */
export async function createApp (name: string) {
  const app = Fastify({ pluginTimeout: 300 })
  const log: string[] = []
  const { gate, open } = createGate()
  await app.register(state)
  await app.register(signals)
  await app.register(websockets)
  app.signals.onPhase(phase => { log.push(phase) })
  app.cleanupContext(async function * database () {
    log.push('enter')
    yield
    log.push('leave')
  })
  app.onShutdown(() => { log.push('onShutdown') })
  app.onCleanup(() => { log.push('onCleanup') })
  app.get('/', async () => name)
  app.get('/gate', async () => {
    log.push('arrived')
    await gate
    log.push('done')
    return name
  })
  app.websocket('/echo', async ws => {
    log.push('open')
    for await (const { data } of ws) await ws.sendStr(`${name}: ${String(data)}`)
    log.push('handler ended')
  })
  return { app, log, open }
}

export type Made = Awaited<ReturnType<typeof createApp>>

/** A runner with a site that serves `app`. */
export async function serve (t: Test, app: FastifyInstance, options: RunnerOptions = {}) {
  const warnings: string[] = []
  const log = {
    info () {},
    warn (text: string) { warnings.push(text) },
    error ({ err }: { err: unknown }) { warnings.push(String(err)) }
  }
  const runner = new AppRunner(app, { shutdownTimeout: 2000, idleGrace: 10, log, ...options })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  const url = `http://127.0.0.1:${site.port}`
  return { runner, at: { port: site.port }, url, warnings, ask: async (path = '/') => (await fetch(`${url}${path}`)).text() }
}

export async function happens (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}

export async function openWebSocket (t: Test, url: string): Promise<WebSocket> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/echo`)
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  return ws
}
