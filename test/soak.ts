/**
 * What nobody must notice, under load that never stops: swaps, rolling reloads, routes that come and go.
 *
 *     npm run soak
 *     npm run soak -- --swaps 10 --reloads 2 --routes 100
 *
 * 64 kept connections and 200 websockets ask all the time; one failed, reset or wrong answer fails the run.
 */

import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createInterface, type Interface } from 'node:readline'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { FastifyInstance } from 'fastify'
import { get } from '../app.ts'
import { AppRunner, TCPSite } from '../plugins/runner/index.ts'
import { startClient, type WebSocketOutcome } from './clients.ts'
import { createEchoApp } from './fixtures/echo-app.ts'
import type { Outcome } from './fixtures/load-client.ts'

const { values } = parseArgs({
  options: {
    swaps: { type: 'string', default: '50' },
    reloads: { type: 'string', default: '20' },
    routes: { type: 'string', default: '500' },
    connections: { type: 'string', default: '64' },
    websockets: { type: 'string', default: '200' }
  }
})

/** How much memory may grow, as a factor. */
const GROWTH = 1.1

/** How close one swap follows the other, in milliseconds. */
const INTERVAL = 100

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** What has to be undone when a stage ends, the newest first. */
class Teardown {
  readonly #steps: (() => unknown)[] = []

  teardown (step: () => unknown): void {
    this.#steps.unshift(step)
  }

  async run (): Promise<void> {
    for (const step of this.#steps) await step()
  }
}

/** One of the things nobody must notice; gives what was measured. */
type Stage = (t: Teardown) => Promise<string>

/** Swaps one after the other; afterwards the apps of the past are gone. */
async function swaps (t: Teardown): Promise<string> {
  const count = Number(values.swaps)
  const { runner, port } = await serve(t)
  let alive = 0
  const registry = new FinalizationRegistry(() => { alive -= 1 })
  const swap = async (times: number): Promise<string> => underLoad(t, port, true, async () => {
    for (let index = 0; index < times; index += 1) {
      const next = sleep(INTERVAL)
      const app = await createEchoApp(runner.inspect().generations.at(-1)!.number + 1)
      alive += 1
      registry.register(app, undefined)
      await (await runner.swap(app)).closed
      await next
    }
  })
  // The first ones have code compiled and caches filled.
  await swap(Math.max(5, Math.ceil(count / 5)))
  const before = await heapUsed()

  const answers = await swap(count)
  const after = await heapUsed()

  assert.ok(after < before * GROWTH, `memory grew from ${kib(before)} to ${kib(after)}`)
  assert.ok(alive <= 2, `${alive} apps are still in memory`)
  assert.equal(runner.inspect().generations.length, 1)
  return `${count} swaps, ${answers}, memory ${kib(before)} before and ${kib(after)} after, ${alive} app in memory`
}

/** Rolling reloads of two workers. */
async function reloads (t: Teardown): Promise<string> {
  const count = Number(values.reloads)
  const master = spawn(process.execPath, ['--import=tsx', new URL('fixtures/echo-cluster.ts', import.meta.url).pathname])
  t.teardown(() => master.kill('SIGKILL'))
  const events = createInterface({ input: master.stderr })
  const port = await portOf(master)

  const began = performance.now()
  const answers = await underLoad(t, port, false, async () => {
    for (let index = 0; index < count; index += 1) {
      const done = eventOf(events, /"event":"reload (done|failed)"/)
      master.kill('SIGHUP')
      assert.match(await done, /"reload done"/)
    }
  })
  const each = Math.round((performance.now() - began) / count)
  master.kill('SIGTERM')
  assert.deepEqual(await once(master, 'exit'), [0, null])
  return `${count} rolling reloads of 2 workers, ${each} ms each, ${answers}`
}

/** Routes that are added and removed; each is there at once, and gone at once. */
async function routes (t: Teardown): Promise<string> {
  const count = Number(values.routes)
  const { app, port } = await serve(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())

  const answers = await underLoad(t, port, true, async () => {
    for (let index = 0; index < count; index += 1) {
      const handle = app.routes.add(get(`/part${index}/{id}`, async request => `part ${request.matchInfo.id}`))
      assert.equal(await ask(agent, port, `/part${index}/7`), '200 part 7')
      handle.remove()
      assert.match(await ask(agent, port, `/part${index}/7`), /^404 /)
    }
  })
  assert.equal(app.routes.list().filter(({ live }) => live).length, 0)
  return `${count} routes added and removed, ${answers}`
}

/** An app on a free port of this process. */
async function serve (t: Teardown): Promise<{ runner: AppRunner, app: FastifyInstance, port: number }> {
  const app = await createEchoApp(1)
  const runner = new AppRunner(app, { log: { info () {}, warn: console.error, error: console.error } })
  t.teardown(() => runner.cleanup())
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
  await site.start()
  return { runner, app, port: site.port }
}

/** Does something under load; fails unless every request and websocket got what it asked for. */
async function underLoad (t: Teardown, port: number, stays: boolean, act: () => Promise<void>): Promise<string> {
  const load = { port, connections: Number(values.connections), mode: 'keep', pipeline: 1, think: 10, path: '/' }
  const stops = await Promise.all([
    startClient<Outcome>(t, 'load-client', { ...load, body: 'hello' }),
    startClient<WebSocketOutcome>(t, 'websocket-client',
      { port, connections: Number(values.websockets), path: '/echo', think: 100 })
  ])
  await act()
  const [{ ok, closedWhileIdle, ...lost }, echo] = await Promise.all([stops[0](), stops[1]()])

  for (const [name, count] of Object.entries(lost)) assert.equal(count, 0, `${count} requests: ${name}`)
  // A worker that ends closes its idle connections; a runner that stays has no reason to.
  if (stays) assert.equal(closedWhileIdle, 0, 'kept connections were closed')
  assert.deepEqual({ failed: echo.failed, wrong: echo.wrong }, { failed: 0, wrong: 0 }, 'websockets')
  const codes = Object.keys(echo.closed).filter(code => code !== '1012' && code !== '1001')
  assert.deepEqual(codes, [], `websockets were closed by ${JSON.stringify(echo.closed)}`)
  assert.ok(ok > 0 && echo.echoes > 0, 'there was no load')
  return `${ok} answers and ${echo.echoes} echoes over ${echo.opened} websockets, none lost or wrong`
}

/** The heap without what nobody holds any more. */
async function heapUsed (): Promise<number> {
  // Finalizers, and what they free, take more than one round.
  for (let round = 0; round < 8; round += 1) {
    await nextTurn()
    gc()
  }
  return process.memoryUsage().heapUsed
}

async function portOf (master: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: master.stdout! })) {
    const [, port] = /:(\d+) =/.exec(line) ?? []
    if (port !== undefined) return Number(port)
  }
  throw new Error('the cluster ended before it listened')
}

/** The next line that matches. */
async function eventOf (lines: Interface, pattern: RegExp): Promise<string> {
  return new Promise(resolve => {
    const look = (line: string): void => {
      if (!pattern.test(line)) return
      lines.off('line', look)
      resolve(line)
    }
    lines.on('line', look)
  })
}

async function ask (agent: Agent, port: number, path: string): Promise<string> {
  const [response] = await once(request({ host: '127.0.0.1', port, path, agent }).end(), 'response')
  let body = ''
  for await (const piece of response) body += String(piece)
  return `${response.statusCode} ${body}`
}

function kib (bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`
}

const stages: readonly Stage[] = [swaps, reloads, routes]
let failed = 0
for (const stage of stages) {
  const t = new Teardown()
  try {
    console.log(`ok ${stage.name}: ${await stage(t)}`)
  } catch (error) {
    failed += 1
    console.error(`not ok ${stage.name}:`, error)
  } finally {
    await t.run()
  }
}
console.log(`${stages.length - failed} passed, ${failed} failed, 0 skipped`)
process.exitCode = failed === 0 ? 0 : 1
