/**
 * Behind a proxy: nginx on this machine is believed, over TCP or a Unix socket, and nobody else.
 *
 *     node --import=tsx examples/remotes.ts
 *     curl -H 'X-Forwarded-For: 203.0.113.7' -H 'X-Forwarded-Proto: https' http://127.0.0.1:8080/
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import remotes from '../plugins/remotes/index.ts'
import { runApp } from '../plugins/runner/index.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(remotes, { trusted: ['unix', 'loopback'] })
  app.get('/', async ({ ip, protocol, host }) => `${ip} asked for ${protocol}://${host}/`)

  // A part of the app that is for one host only, and over HTTPS.
  await app.register(async shop => {
    await shop.register(remotes, { allowedHosts: ['shop.example'], secure: true })
    shop.get('/shop', async () => 'Nothing to sell yet')
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8080 })
