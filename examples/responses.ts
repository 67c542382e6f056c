/**
 * Responses as objects: text, JSON, bytes and streams, with cookies and a phrase of one's own.
 *
 * @module
 */

import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import responses, { jsonResponse, Response } from '../plugins/responses/index.ts'
import { runApp } from '../plugins/runner/index.ts'

export default async function createApp () {
  const app = Fastify()
  await app.register(responses)

  app.get('/', async () => {
    const response = new Response({ text: '<h1>Hello</h1>', contentType: 'text/html' })
    response.text += '<p>and welcome</p>'
    response.setCookie('seen', 'yes', { maxAge: 60_000, httpOnly: true })
    return response
  })

  app.get('/json', async () => jsonResponse({ hello: 'world' }, { status: 201 }))

  app.get('/pixel', async () => new Response({
    body: Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAAC', 'base64'),
    contentType: 'image/gif'
  }))

  app.get('/slow', async () => new Response({ body: count(), contentType: 'text/plain', reason: 'Here It Comes' }))

  return app
}

async function * count () {
  for (let n = 1; n <= 5; n++) {
    yield `${n}\n`
    await setTimeout(100)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
