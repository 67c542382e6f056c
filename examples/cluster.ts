/**
 * Two processes behind one port: kill one, reload them, ask for one more.
 *
 *     node --import=tsx examples/cluster.ts
 *     curl http://127.0.0.1:8080/          # another process each time
 *     kill -HUP PID                        # both are replaced, no request is lost
 *     kill -TTIN PID                       # one more
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { runCluster } from '../app.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.get('/', async () => `Hello from process ${process.pid}\n`)
  app.onCleanup(async () => { console.log(`Process ${process.pid} has cleaned up`) })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runCluster(createApp, {
    workers: 2,
    host: '127.0.0.1',
    port: Number(process.env.PORT ?? 8080),
    maxRequests: 10_000,
    maxRequestsJitter: 1000,
    timeout: 10_000,
    shutdownTimeout: 10_000
  })
}
