/** Clients that ask whether the server is ready, as load balancers do, lose nothing when it stops. */

import Fastify from 'fastify'
import t from 'tap'
import { Agent, request } from 'undici'
import bundle from '../../app.ts'
import { AppRunner, TCPSite } from '../../plugins/runner/index.ts'

for (const round of [1, 2, 3]) {
  t.test(`with shutdownDelay nothing is dropped and nothing refused, round ${round}`, async t => {
    const app = Fastify()
    await app.register(bundle, { health: {} })
    app.get('/', async () => {
      await new Promise(resolve => setTimeout(resolve, Math.random() * 5))
      return 'hello'
    })
    const phases: string[] = []
    const runner = new AppRunner(app, { shutdownDelay: 300, onPhase: phase => { phases.push(phase) } })
    await runner.setup()
    const site = new TCPSite(runner, { host: '127.0.0.1', port: 0 })
    await site.start()
    const url = `http://127.0.0.1:${site.port}`

    const notReady = new AbortController()
    const wrong: unknown[] = []
    let ok = 0
    let begun = () => {}
    const underLoad = new Promise<void>(resolve => { begun = resolve })
    const ask = async (path: string, dispatcher: Agent) => {
      const { statusCode, body } = await request(url + path, { dispatcher })
      await body.dump()
      return statusCode
    }
    const client = async (keepAlive: boolean) => {
      const dispatcher = new Agent({ connections: 1, pipelining: keepAlive ? 1 : 0 })
      while (!notReady.signal.aborted) {
        const status = await ask('/', dispatcher).catch((error: unknown) => error)
        if (status !== 200) wrong.push(status)
        else if (++ok > 200) begun()
      }
      await dispatcher.destroy()
    }
    const balancer = async () => {
      const dispatcher = new Agent({ connections: 1 })
      while (await ask('/readyz', dispatcher) === 200) await new Promise(resolve => setTimeout(resolve, 20))
      notReady.abort()
      t.same(phases, ['lame'], 'it knows before the listeners close')
      await dispatcher.destroy()
    }
    const clients = Promise.all([balancer(), ...Array.from({ length: 32 }, (_, index) => client(index % 4 !== 0))])
    await underLoad
    await runner.cleanup()
    await clients

    t.same(wrong, [])
    t.ok(ok > 200, `${ok} requests were answered`)
  })
}
