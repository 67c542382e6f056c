/** An app with requests of every kind, on every kind of site. */

import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import {
  AppRunner, TCPSite, UnixSite, type Phase, type RunnerLog, type RunnerOptions
} from '../../../plugins/runner/index.ts'
import { makeCertificate } from '../../certificate.ts'
import { shortFolder } from '../../helper.ts'
import type { Target } from '../../raw.ts'

/** Routes that take their time, and gates that tests open. */
export function createApp () {
  const app = Fastify({ bodyLimit: 1024 })
  const arrived: string[] = []
  let open = () => {}
  const gate = new Promise<void>(resolve => { open = resolve })
  app.get('/', async () => 'hello')
  app.get('/gate/:name', async request => {
    arrived.push((request.params as { name: string }).name)
    await gate
    return 'through the gate'
  })
  app.get('/never', (request, reply) => {
    request.signal.addEventListener('abort', () => arrived.push('aborted'))
    return reply.raw.once('close', () => {}) && undefined
  })
  app.get('/endless', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    reply.raw.write('data: one\n\n')
  })
  app.post('/body', async request => `${String(request.body).length} bytes`)
  return { app, arrived, open }
}

/** A runner that logs into a list. */
export async function start (t: Test, app: FastifyInstance, options: RunnerOptions = {}) {
  const warnings: string[] = []
  const log: RunnerLog = { info () {}, warn: text => { warnings.push(text) }, error () {} }
  const phases: Phase[] = []
  const reached = new Map<Phase, () => void>()
  const runner = new AppRunner(app, {
    shutdownTimeout: 1000,
    log,
    ...options,
    onPhase (phase) {
      phases.push(phase)
      reached.get(phase)?.()
    }
  })
  t.teardown(() => runner.cleanup().catch(() => {}))
  await runner.setup()
  /** Resolves at the beginning of a phase. */
  const enter = (phase: Phase) => new Promise<void>(resolve => { reached.set(phase, resolve) })
  return { runner, warnings, phases, enter }
}

export async function startSites (t: Test, runner: AppRunner): Promise<Record<string, Target>> {
  const folder = shortFolder(t)
  const first = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  const second = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  const secure = new TCPSite(runner, { host: '127.0.0.1', port: 0, tls: makeCertificate(folder) })
  const path = join(folder, 's')
  const unix = new UnixSite(runner, path)
  for (const site of [first, second, secure, unix]) await site.start()
  return {
    TCP: { port: first.port },
    'a second TCP port': { port: second.port },
    TLS: { port: secure.port, tls: true },
    'a Unix socket': { path }
  }
}
