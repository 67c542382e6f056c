/**
 * A service as the files of deploy/ start it: behind a proxy on a Unix socket, with probes, and slow to say goodbye.
 *
 *     npm start -- --path=/tmp/app.sock examples/deployment.ts
 *     curl --unix-socket /tmp/app.sock -H 'X-Forwarded-For: 203.0.113.7' http://localhost/
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { runApp } from '../app.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle, {
    remotes: { trusted: ['unix'] },
    health: { checks: { store: async () => {} } }
  })

  app.get('/', async ({ ip = 'somebody', protocol, host }) => `${process.pid} to ${ip} at ${protocol}://${host}/`)
  // Takes as long as it takes: a process that is stopped meanwhile finishes it.
  app.get('/slow', async () => {
    await new Promise(resolve => setTimeout(resolve, 500))
    return 'slow'
  })
  app.post('/orders', async request => ({ received: request.body }))
  app.websocket('/echo', { heartbeat: 30_000 }, async ws => {
    for await (const message of ws) await ws.sendStr(String(message.data))
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(await createApp(), { host: '127.0.0.1', port: 8080, shutdownDelay: Number(process.env.SHUTDOWN_DELAY ?? 0) })
}
