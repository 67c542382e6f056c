/**
 * A service that is started and stopped without blocking: AppRunner and TCPSite.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { AppRunner, Response, TCPSite } from '../../app.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.get('/', async () => new Response({ text: 'Hello, world' }))
  return app
}

/** Starts the service and returns at once; `runner.cleanup()` ends it. */
export async function startServer (port = 8080) {
  const runner = new AppRunner(await createApp())
  await runner.setup()
  const site = new TCPSite(runner, { host: 'localhost', port })
  await site.start()
  return { runner, site }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { runner, site } = await startServer()
  console.log(`Serving ${site.name} for 20 seconds`)
  // Other services could be started and stopped here.
  await sleep(20_000)
  await runner.cleanup()
  console.log('Stopped')
}
