/** Masters and workers as processes: what they survive, and that nobody notices. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import type { ClusterEvent, RunClusterOptions } from '../../../plugins/cluster/index.ts'
import type { Load, Outcome } from '../../fixtures/load-client.ts'
import { bundleFixture } from '../../bundle.ts'
import { shortFolder } from '../../helper.ts'

const [program, client] = await Promise.all([bundleFixture(t, 'cluster.ts'), bundleFixture(t, 'load-client.ts')])

/** How many reloads under load; more on demand. */
const reloads = Number(process.env.TEST_RELOADS ?? 2)

t.jobs = 3
// A busy machine takes its time.
t.setTimeout(90_000)

/** A cluster as a process, and everything it said. */
class Cluster {
  readonly child: ChildProcess
  readonly exit: Promise<{ code: number | null, signal: string | null }>
  readonly events: ClusterEvent[] = []
  text = ''
  errors = ''
  #waiting: (() => void)[] = []

  constructor (t: Test, options: RunClusterOptions, env: NodeJS.ProcessEnv = {}) {
    const args = [program, JSON.stringify(options)]
    // A group of its own: what its master leaves behind can be found.
    this.child = spawn(process.execPath, args, { env: { ...process.env, ...env }, detached: true })
    t.teardown(() => this.#killGroup())
    this.child.stdout?.on('data', data => {
      this.text += String(data)
      this.#wake()
    })
    createInterface({ input: this.child.stderr ?? process.stdin }).on('line', line => {
      if (line.startsWith('{')) this.events.push(JSON.parse(line) as ClusterEvent)
      else this.errors += `${line}\n`
      this.#wake()
    })
    this.exit = once(this.child, 'close').then(([code, signal]) => {
      this.#wake()
      return { code, signal }
    })
  }

  /** Waits until something holds; what it said is the message when it ends before. */
  async until (holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.child.exitCode !== null) throw new Error(`ended:\n${this.text}\n${this.errors}\n${this.story}`)
      await Promise.race([new Promise<void>(resolve => { this.#waiting.push(resolve) }), this.exit])
    }
  }

  /** Waits for the nth event of a kind. */
  async event (event: ClusterEvent['event'], count = 1): Promise<ClusterEvent> {
    await this.until(() => this.of(event).length >= count)
    return this.of(event)[count - 1]!
  }

  of (event: ClusterEvent['event']): ClusterEvent[] {
    return this.events.filter(item => item.event === event)
  }

  get story (): string {
    return this.events.map(({ event, worker, reason }) => `${event} ${worker ?? ''} ${reason ?? ''}`).join('\n')
  }

  async port (): Promise<number> {
    await this.until(() => this.text.includes('(Press CTRL+C to quit)'))
    return Number(/:(\d+) =/.exec(this.text)?.[1])
  }

  async get (path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${await this.port()}${path}`, { headers: { connection: 'close' } })
    return await response.text()
  }

  signal (signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  #wake (): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #killGroup (): void {
    try {
      process.kill(-(this.child.pid ?? NaN), 'SIGKILL')
    } catch {
      // All of them have ended.
    }
  }
}

/** A client that counts what is lost; call what it returns to hear of it. */
async function startLoad (t: Test, port: number, mode: Load['mode']): Promise<() => Promise<Outcome>> {
  const load: Load = { port, connections: mode === 'keep' ? 32 : 16, mode, pipeline: 1, think: 5, path: '/' }
  const child = spawn(process.execPath, [client, JSON.stringify(load)])
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return async () => {
    child.stdin.end()
    return JSON.parse((await lines.next()).value as string) as Outcome
  }
}

t.test('rolling reloads under load lose no request, on kept connections or on one for each', { timeout: 80_000 }, async t => {
  const cluster = new Cluster(t, { workers: 2 })
  const port = await cluster.port()
  const loads = await Promise.all([startLoad(t, port, 'keep'), startLoad(t, port, 'fresh')])

  for (let count = 1; count <= reloads; count += 1) {
    cluster.signal('SIGHUP')
    await cluster.event('reload done', count)
  }
  const outcomes = await Promise.all(loads.map(stop => stop()))

  for (const outcome of outcomes) {
    const { ok, closedWhileIdle: _, ...lost } = outcome
    t.ok(ok > 200, `${ok} answers`)
    t.ok(Object.values(lost).every(count => count === 0), JSON.stringify(lost))
  }
  t.equal(cluster.of('worker ready').length, 2 + 2 * reloads)
  t.equal(cluster.of('worker crashed').length, 0)
  t.ok(cluster.events.every(({ workers }) => workers.ready + workers.stopping <= 4))
  cluster.signal('SIGTERM')
  t.same(await cluster.exit, { code: 0, signal: null })
  t.equal(cluster.errors, '')
})

t.test('a new worker that fails at boot stops the reload, and the old ones serve on', async t => {
  const file = join(shortFolder(t), 'fail')
  const cluster = new Cluster(t, { workers: 2 }, { FAIL: file })
  await cluster.port()
  const old = cluster.of('worker ready').map(({ worker }) => worker).sort()

  writeFileSync(file, 'boot')
  for (let count = 1; count <= 3; count += 1) {
    cluster.signal('SIGHUP')
    t.match((await cluster.event('reload failed', count)).reason, /^worker \d+ ended with status 1 before it was ready$/)
  }
  const answers = await Promise.all([cluster.get('/pid'), cluster.get('/pid'), cluster.get('/pid'), cluster.get('/pid')])

  t.same([...new Set(answers.map(Number))].sort(), old)
  t.match(cluster.errors, 'no database')
  rmSync(file)
  cluster.signal('SIGHUP')
  await cluster.event('reload done')
})

t.test('workers that die, leave, hang, or are one too many', async t => {
  const cluster = new Cluster(t, { workers: 2, timeout: 1500 })
  await cluster.port()
  const [first, second] = cluster.of('worker ready').map(({ worker }) => worker!)

  process.kill(first!, 'SIGKILL')
  t.match(await cluster.event('worker crashed'), { worker: first, reason: 'SIGKILL', workers: { ready: 1 } })
  t.equal(await cluster.get('/'), 'hello', 'the other one serves')
  await cluster.event('worker ready', 3)

  // One that is told by somebody else finishes its work, and is missed.
  process.kill(second!, 'SIGTERM')
  t.match(await cluster.event('worker ended'), { worker: second, reason: 'status 0' })
  await cluster.event('worker ready', 4)

  const hanging = cluster.get('/hang').catch(() => 'cut')
  const { worker, reason } = await cluster.event('worker hangs')
  t.match(reason, /^its event loop has not turned for \d+ ms, SIGABRT/)
  t.match(await cluster.event('worker crashed', 2), { worker, reason: /SIGABRT|SIGKILL/ })
  t.equal(await hanging, 'cut')
  await cluster.event('worker ready', 5)

  cluster.signal('SIGTTIN')
  await cluster.event('worker ready', 6)
  cluster.signal('SIGTTOU')
  t.match(await cluster.event('worker ended', 2), { workers: { wanted: 2, ready: 2 } })

  cluster.signal('SIGQUIT')
  t.same(await cluster.exit, { code: 0, signal: null })
})

t.test('a worker that has served enough is replaced by one that is ready', async t => {
  const cluster = new Cluster(t, { workers: 1, maxRequests: 5, maxRequestsJitter: 2 })
  await cluster.port()
  const before = await cluster.get('/pid')

  for (let count = 0; count < 7; count += 1) t.equal(await cluster.get('/'), 'hello')
  await cluster.event('worker ended')

  t.not(await cluster.get('/pid'), before)
  t.same(cluster.events.slice(3, 7).map(({ event, workers }) => [event, workers.ready]),
    [['worker forked', 1], ['worker ready', 2], ['worker stopping', 1], ['worker ended', 1]])
})

t.test('a start that fails and a crash loop end the master with one clear error', async t => {
  const file = join(shortFolder(t), 'fail')
  writeFileSync(file, 'boot')
  const boot = new Cluster(t, { workers: 2 }, { FAIL: file })
  t.equal((await boot.exit).code, 1)
  t.match(boot.errors, /AIO_ERR_CLUSTER_BOOT/)

  rmSync(file)
  const loop = new Cluster(t, { workers: 1, maxCrashes: 4, minUptime: 60_000 }, { FAIL: file })
  const { worker } = await loop.event('worker ready')
  await loop.event('master ready')
  writeFileSync(file, 'boot')
  process.kill(worker!, 'SIGKILL')
  t.equal((await loop.exit).code, 1)
  t.match(loop.errors, /AIO_ERR_CLUSTER_CRASH_LOOP/)
  t.equal(loop.of('worker crashed').length, 4)
  t.same(loop.of('worker delayed').map(({ reason }) => reason),
    ['2 in a row did not live long, 100 ms', '3 in a row did not live long, 200 ms'])
})

t.test('a stop waits for requests; the second signal does not; the third ends all at once', async t => {
  const [graceful, third] = [new Cluster(t, { workers: 2 }), new Cluster(t, { workers: 2 })]
  const slow = graceful.get('/slow')
  await graceful.until(() => graceful.text.includes('slow begins'))
  // A terminal and a service manager tell the whole group.
  process.kill(-graceful.child.pid!, 'SIGTERM')
  t.equal(await slow, 'slow')
  t.same(await graceful.exit, { code: 0, signal: null })
  t.equal(graceful.text.match(/cleaned up/g)?.length, 2)

  third.get('/hang').catch(() => {})
  await third.until(() => third.text.includes('hang begins'))
  third.signal('SIGTERM')
  await third.event('stopping')
  third.signal('SIGINT')
  await third.event('hurried')
  third.signal('SIGTERM')
  t.same(await third.exit, { code: 143, signal: null })
  t.match(third.errors, /Exit on the third signal: workers killed: \d+ stopping/)
})

t.test('workers whose master is killed finish their work and end', async t => {
  const cluster = new Cluster(t, { workers: 2 })
  const port = await cluster.port()
  const slow = cluster.get('/slow')
  await cluster.until(() => cluster.text.includes('slow begins'))

  cluster.signal('SIGKILL')
  t.equal(await slow, 'slow')
  // Their output stays open until the last of them has ended.
  await cluster.exit
  t.equal(cluster.text.match(/cleaned up/g)?.length, 2)
  await t.rejects(fetch(`http://127.0.0.1:${port}/`))
})

t.test('a Unix socket and a PID file belong to the master', async t => {
  const folder = shortFolder(t)
  const [path, pidFile] = [join(folder, 's'), join(folder, 'pid')]
  const one = new Cluster(t, { workers: 2, path, pidFile })
  await one.event('master ready')
  t.equal(Number(readFileSync(pidFile, 'utf8')), one.child.pid)
  t.equal(await getAt(path), 'hello')

  const { ino } = lstatSync(path)
  one.signal('SIGHUP')
  await one.event('reload done')
  t.equal(lstatSync(path).ino, ino, 'a reload keeps the socket')
  t.equal(await getAt(path), 'hello')

  const second = new Cluster(t, { workers: 2, pidFile })
  await second.exit
  t.match(second.errors, 'AIO_ERR_PID_FILE')
  const third = new Cluster(t, { workers: 2, path })
  await third.exit
  t.match(third.errors, 'AIO_ERR_SITE_PATH')

  one.signal('SIGKILL')
  await one.exit
  t.ok(existsSync(path), 'a killed master leaves its path')
  const next = new Cluster(t, { workers: 1, path, pidFile })
  await next.event('master ready')
  t.equal(await getAt(path), 'hello')
  rmSync(path)
  writeFileSync(path, 'somebody else has it now')
  chmodSync(path, 0o600)
  next.signal('SIGINT')
  t.equal((await next.exit).code, 0)
  t.equal(readFileSync(path, 'utf8'), 'somebody else has it now')
  t.notOk(existsSync(pidFile))
})

/** What a Unix socket answers. */
async function getAt (socketPath: string): Promise<string> {
  const [response] = await once(request({ socketPath, path: '/', agent: false }).end(), 'response')
  let text = ''
  for await (const piece of response) text += String(piece)
  return text
}
