/**
 * CSRF: a form that only our own page can send.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import csrf, { csrfToken } from '../plugins/csrf/index.ts'
import exceptions from '../plugins/exceptions/index.ts'
import requests from '../plugins/requests/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import sessions, { SignedCookieStorage } from '../plugins/sessions/index.ts'

export async function createApp () {
  const app = Fastify()
  await app.register(exceptions)
  await app.register(requests)
  await app.register(sessions, { storage: new SignedCookieStorage({ keys: randomBytes(32) }) })
  await app.register(csrf)
  let votes = 0

  app.get('/', async (request, reply) => reply.type('text/html').send(`<!doctype html>
    <form method="post" action="/vote">
      <input type="hidden" name="_csrf" value="${await csrfToken(request)}">
      <button>Vote (${votes})</button>
    </form>`))

  await app.register(async forms => {
    // The form is read by request.post().
    forms.lazyBodies()
    forms.post('/vote', async (_request, reply) => {
      votes++
      return reply.redirect('/', 303)
    })
  })

  return app
}

export default createApp

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
