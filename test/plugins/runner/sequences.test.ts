/** Random sequences of what can happen to a runner, each checked against what must hold of all of them. */

import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { AppRunner, TCPSite, type Phase } from '../../../plugins/runner/index.ts'
import signals from '../../../plugins/signals/index.ts'

/** How many sequences; more on demand. The seed of a failing one is in its name. */
const sequences = Number(process.env.TEST_SEQUENCES ?? 60)

const order: readonly Phase[] = ['lame', 'unlisten', 'notify', 'drain', 'cancel', 'kill', 'cleanup', 'closed']

/** Numbers from 0 to 1 that depend on nothing but the seed (mulberry32). */
function randomNumbers (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A runner with two contexts, and a list of what happened. */
async function setUp (log: string[], phases: Phase[]) {
  const app = Fastify()
  await app.register(signals)
  for (const id of [1, 2]) {
    app.cleanupContext(async function * () {
      log.push(`enter ${id}`)
      yield
      log.push(`exit ${id}`)
    })
  }
  app.onShutdown(() => { log.push('shutdown') })
  app.onCleanup(() => { log.push('cleanup') })
  let handling = 0
  app.get('/:ms', async request => {
    handling += 1
    await new Promise(resolve => setTimeout(resolve, Number((request.params as { ms: string }).ms)))
    handling -= 1
    // A context that has been left while a handler runs is a database that is gone.
    if (log.includes('exit 2')) log.push('handler after exit')
    return 'ok'
  })
  const runner = new AppRunner(app, {
    shutdownTimeout: 2000, idleGrace: 20, onPhase: phase => { phases.push(phase) }
  })
  return { runner, handling: () => handling }
}

async function play (t: Test, seed: number): Promise<void> {
  const random = randomNumbers(seed)
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item
  const log: string[] = []
  const phases: Phase[] = []
  const { runner } = await setUp(log, phases)
  const sites: TCPSite[] = []
  const requests: Promise<string>[] = []
  const ends: Promise<void>[] = []
  const said: string[] = []
  let hurried = false

  const actions = {
    async setup () { await runner.setup().catch(error => said.push(error.code)) },
    async site () {
      try {
        const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
        await site.start()
        sites.push(site)
      } catch (error) { said.push((error as { code: string }).code) }
    },
    async stopSite () { await sites.pop()?.stop().catch(error => said.push(error.code)) },
    async request () {
      const site = sites.at(-1)
      if (site === undefined || !site.listening) return
      requests.push(fetch(`http://127.0.0.1:${site.port}/${Math.floor(random() * 40)}`)
        .then(async response => `${response.status} ${await response.text()}`, () => 'refused'))
      await new Promise(resolve => setImmediate(resolve))
    },
    async pause () { await new Promise(resolve => setTimeout(resolve, random() * 20)) },
    async cleanup () { ends.push(runner.cleanup()) },
    async hurry () {
      hurried = true
      ends.push(runner.hurry())
    }
  }
  const weighted = ['setup', 'site', 'site', 'request', 'request', 'request', 'request', 'pause', 'stopSite'] as const
  if (random() < 0.9) await actions.setup()
  for (let step = 0; step < 4 + random() * 12; step += 1) await actions[pick(weighted)]()
  await actions[random() < 0.75 ? 'cleanup' : 'hurry']()
  for (let step = 0; step < random() * 5; step += 1) {
    await actions[pick(['request', 'pause', 'cleanup', 'hurry', 'site', 'setup'] as const)]()
  }
  await Promise.all(ends)
  const answers = await Promise.all(requests)

  t.same([...said].filter(code => !/^AIO_ERR_(RUNNER_CLOSED|RUNNER_NOT_SET_UP|SITE_NOT_STARTED)$/.test(code)), [])
  t.same(phases, order.filter(phase => phases.includes(phase)), 'phases come in order, each once')
  t.equal(phases.at(-1), 'closed')
  t.equal(runner.connections.size, 0, 'no connection is left')
  t.notOk(log.includes('handler after exit') && !hurried, 'no handler outlives a context')
  const entered = log.includes('enter 1')
  t.same(log.filter(line => line !== 'handler after exit'), entered
    ? ['enter 1', 'enter 2', ...phases.includes('notify') ? ['shutdown'] : [], 'exit 2', 'exit 1', 'cleanup']
    : [], 'contexts are left in reverse, once')
  const wrong = answers.filter(answer => answer !== '200 ok' && answer !== 'refused' && !(hurried && /^503/.test(answer)))
  t.same(wrong, [], 'every accepted request is answered')
  t.ok(new Set(ends).size === 1, 'every cleanup is the same promise')
}

t.test('whatever happens in whatever order, what must hold holds', async t => {
  for (let seed = 1; seed <= sequences; seed += 1) {
    await t.test(`sequence ${seed}`, async t => { await play(t, seed) })
  }
})
