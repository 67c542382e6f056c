/**
 * Every HTTP status is an exception: thrown or returned, it becomes the same response.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import bundle, { HTTPFound, HTTPNotFound, Response, runApp } from '../../app.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.get('/returned', async () => new HTTPFound('/redirect'))
  app.get('/thrown', async () => {
    throw new HTTPFound('/redirect')
  })
  app.get('/redirect', async () => new Response({ text: 'You were redirected' }))
  app.get('/missing', async () => {
    throw new HTTPNotFound({ text: 'No such question' })
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
