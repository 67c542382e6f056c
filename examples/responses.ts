/**
 * Responses as objects: text, JSON, bytes and streams, with cookies and a phrase of one's own.
 *
 * @module
 */

import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import responses, { FileResponse, jsonResponse, Response, StreamResponse } from '../plugins/responses/index.ts'
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

  app.get('/stream', async (request, reply) => {
    const response = new StreamResponse({ headers: { 'content-type': 'text/plain' } })
    response.enableCompression()
    await response.prepare(request, reply)
    for await (const line of count()) await response.write(line)
    await response.writeEof()
    return reply
  })

  // With its type, ranges, conditions; compressed when there is a .br or .gz beside it
  app.get('/source', async () => new FileResponse(new URL(import.meta.url)))

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
