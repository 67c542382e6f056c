/**
 * One app on two sites, started and stopped by hand: a TCP port, and a Unix socket that comes and goes.
 *
 *     node --import=tsx examples/runner.ts
 *     curl http://127.0.0.1:8080/
 *     curl --unix-socket /tmp/runner-example.sock http://localhost/
 *
 * @module
 */

import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { AppRunner, TCPSite, UnixSite } from '../app.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.onShutdown(async () => { console.log('No new connections; requests still finish') })
  app.onCleanup(async () => { console.log('All connections are closed') })
  app.get('/', async request => `Hello on ${request.socket.remoteAddress === undefined ? 'a Unix socket' : 'TCP'}`)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const runner = new AppRunner(await createApp(), {
    shutdownTimeout: 5000,
    onPhase (phase) { console.log(`Phase: ${phase}`) }
  })
  await runner.setup()

  const site = new TCPSite(runner, { host: '127.0.0.1', port: 8080 })
  await site.start()
  const local = new UnixSite(runner, join(tmpdir(), 'runner-example.sock'), { mode: 0o600 })
  await local.start()
  console.log(`Serving at ${site.name} and ${local.name}; Ctrl+C stops the Unix socket, again stops everything`)

  await once(process, 'SIGINT')
  await local.stop()
  console.log(`Still serving at ${[...runner.sites].map(({ name }) => name).join(', ')}`)

  await once(process, 'SIGINT')
  await runner.cleanup()
}
