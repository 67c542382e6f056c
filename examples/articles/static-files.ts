/**
 * Static files below a prefix; in production nginx or a CDN does this, while developing it is at hand.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { runApp } from '../../app.ts'

const projectRoot = new URL('.', import.meta.url)

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addStatic('/static/', new URL('conf', projectRoot), { name: 'static' })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
