/** Shutdowns under load: how many requests are lost. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { AppRunner, TCPSite } from '../../../plugins/runner/index.ts'
import { bundleFixture } from '../../bundle.ts'
import type { Load, Outcome } from '../../fixtures/load-client.ts'

const program = await bundleFixture(t, 'load-client.ts')

/** How many shutdowns of each kind; more on demand. */
const runs = Number(process.env.TEST_SHUTDOWN_RUNS ?? 3)

/** One app under load, stopped in the middle of it. */
async function stopUnderLoad (t: Test, load: Partial<Load>): Promise<Outcome & { stopTime: number }> {
  const app = Fastify()
  app.get('/async', async () => {
    await new Promise(resolve => setTimeout(resolve, 1 + Math.random() * 4))
    return 'hello'
  })
  app.get('/sync', (_request, reply) => { reply.send('hello') })
  const runner = new AppRunner(app, { shutdownTimeout: 5000 })
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()

  const given: Load = {
    port: site.port, connections: 64, mode: 'keep', pipeline: 1, think: 5, path: '/async', ...load
  }
  const client = spawn(process.execPath, [program, JSON.stringify(given)],
    { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => client.kill('SIGKILL'))
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]()
  await lines.next()
  await new Promise(resolve => setTimeout(resolve, 300))

  const begin = performance.now()
  await runner.cleanup()
  const stopTime = performance.now() - begin
  client.stdin.end()
  const outcome = JSON.parse((await lines.next()).value) as Outcome
  await once(client, 'close')
  return { ...outcome, stopTime }
}

const loads: { name: string, load: Partial<Load>, lost: number }[] = [
  { name: 'kept alive', load: {}, lost: 0 },
  { name: 'pipelined', load: { pipeline: 4 }, lost: 0 },
  { name: 'pipelined to a handler that answers at once', load: { pipeline: 4, path: '/sync' }, lost: 0 },
  // A connection in the kernel's queue at the wrong moment is reset: at most one in a shutdown.
  { name: 'one for each request', load: { mode: 'fresh' }, lost: 1 }
]

for (const { name, load, lost } of loads) {
  t.test(`a shutdown with 64 connections, ${name}, loses ${lost === 0 ? 'no request' : 'one at most'}`, async t => {
    for (let run = 0; run < runs; run += 1) {
      const outcome = await stopUnderLoad(t, load)

      t.ok(outcome.ok > 200, 'there was load')
      t.ok(outcome.dropped <= lost, `${outcome.dropped} of ${outcome.ok} requests were lost`)
      t.equal(outcome.truncated, 0)
      t.equal(outcome.other, 0)
      t.ok(outcome.resetAtConnect <= lost, `${outcome.resetAtConnect} connections were reset`)
      t.ok(outcome.stopTime < 1500, `stopped after ${Math.round(outcome.stopTime)} ms`)
    }
  })
}
