import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { TcpConnector, type Resolver } from '../../../../plugins/client-session/index.ts'
import { openSession } from '../helper.ts'

/** A server on 127.0.0.1, and its port. */
async function listen (t: Test): Promise<number> {
  const server = createServer((_request, response) => { response.end('ok') })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** An address that neither takes nor refuses connections: the queue of a process that has stopped is full. */
async function stall (t: Test, host: string, port: number): Promise<void> {
  const program = `const server = require('node:net').createServer()
    server.listen({ port: ${port}, host: '${host}', backlog: 1 }, () => {
      require('node:fs').writeSync(1, 'x')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  await once(child.stdout, 'data')
  for (;;) {
    const socket = net.connect({ host, port }).on('error', () => {})
    t.teardown(() => socket.destroy())
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true), new Promise(resolve => setTimeout(resolve, 200, false))
    ])
    if (connected !== true) return
  }
}

function resolverOf (...hosts: string[]): Resolver & { asked: number } {
  return {
    asked: 0,
    async resolve () {
      this.asked++
      await Promise.resolve()
      return hosts.map(host => ({ host }))
    }
  }
}

t.test('an address that is silent is passed', {
  skip: process.platform === 'linux' ? false : 'needs 127.0.0.2, which only Linux has by itself'
}, async t => {
  const port = await listen(t)
  await stall(t, '127.0.0.2', port)
  const url = `http://name.test:${port}/`
  const connect = (happyEyeballsDelay: number | null) => openSession(t, {
    connector: new TcpConnector({ resolver: resolverOf('127.0.0.2', '127.0.0.1'), happyEyeballsDelay })
  })

  t.equal(await (await connect(20).get(url, { timeout: 10_000 })).text(), 'ok')
  await t.rejects(connect(null).get(url, { timeout: { socketConnect: 300 } }), { name: 'ConnectionTimeoutError' })
})

t.test('an address that refuses is passed at once, and the first error is told when all do', async t => {
  const port = await listen(t)
  const url = `http://name.test:${port}/`
  const session = (...hosts: string[]) => openSession(t, {
    connector: new TcpConnector({ resolver: resolverOf(...hosts), happyEyeballsDelay: null })
  })
  t.equal(await (await session('::1', '127.0.0.1').get(url)).text(), 'ok')
  await t.rejects(session('::1', '::1').get(url), { name: 'ClientConnectorError', host: 'name.test', port })
  await t.rejects(session().get(url), { name: 'ClientConnectorError' })
})

t.test('a name is looked up once, by however many requests, until its time is up or it is forgotten', async t => {
  const port = await listen(t)
  const url = `http://name.test:${port}/`
  const resolver = resolverOf('127.0.0.1')
  const connector = new TcpConnector({ resolver, forceClose: true })
  const session = openSession(t, { connector })
  const ask = async () => await (await session.get(url)).text()

  await Promise.all([ask(), ask(), ask()])
  await ask()
  t.equal(resolver.asked, 1)
  connector.clearDnsCache('name.test', port)
  await ask()
  t.equal(resolver.asked, 2)

  const forgetful = resolverOf('127.0.0.1')
  const other = openSession(t, {
    connector: new TcpConnector({ resolver: forgetful, forceClose: true, dnsCacheTtl: 0 })
  })
  for (let times = 0; times < 3; times++) await (await other.get(url)).text()
  t.equal(forgetful.asked, 3)
})
