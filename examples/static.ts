/**
 * Static files: a folder with a listing, and one whose files a browser may keep.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import exceptions from '../plugins/exceptions/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import staticFiles from '../plugins/static/index.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(exceptions)
  await app.register(staticFiles)

  // GET /docs lists the folder, GET /docs/static.md sends a file.
  app.addStatic('/docs', new URL('../docs', import.meta.url), { name: 'docs', showIndex: true })

  // The URL has a hash of the file in it: a browser may keep the file as long as it likes.
  const assets = app.addStatic('/assets', new URL('chat/public', import.meta.url), {
    appendVersion: true,
    cacheControl: 'public, max-age=31536000, immutable'
  })
  app.get('/', async (_request, reply) => reply
    .type('text/html')
    .send(`<!doctype html><link rel="stylesheet" href="${assets.urlFor('style.css')}"><a href="/docs">Documents</a>`))

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp())
