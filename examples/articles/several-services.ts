/**
 * Several services in one process, each on its own port, started and stopped on demand.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { AppRunner, Response, TCPSite } from '../../app.ts'

/** Starts one service; the others go on whatever happens to it. */
export async function startService (name: string, port: number) {
  const app = Fastify()
  await app.register(bundle)
  app.get('/', async () => new Response({ text: `Hello from ${name}` }))

  const runner = new AppRunner(app)
  await runner.setup()
  const site = new TCPSite(runner, { host: '127.0.0.1', port })
  await site.start()
  return { name, url: site.name, stop: () => runner.cleanup() }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const services = await Promise.all([startService('shop', 8081), startService('stock', 8082)])
  for (const { name, url } of services) console.log(`${name}: ${url}`)
  process.once('SIGINT', async () => {
    await Promise.all(services.map(service => service.stop()))
    console.log('Stopped')
  })
}
