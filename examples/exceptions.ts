/**
 * HTTP exceptions: thrown anywhere, answered as text, JSON or problem+json.
 *
 *     curl -i localhost:8080/books/3
 *     curl -i -H 'Accept: application/problem+json' localhost:8080/books/3
 *     curl -i -X DELETE localhost:8080/books/1
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import exceptions, { frameworkErrors, HTTPFound, HTTPNotFound, HTTPUnauthorized } from '../plugins/exceptions/index.ts'
import { runApp } from '../plugins/runner/index.ts'

const books = new Map([['1', 'Dune'], ['2', 'Emma']])

export default async function createApp () {
  const app = Fastify({ frameworkErrors })
  await app.register(exceptions)

  app.get('/', async () => { throw new HTTPFound('/books') })

  app.get('/books', async () => [...books.values()])

  app.get<{ Params: { id: string } }>('/books/:id', async request => {
    const book = books.get(request.params.id)
    if (book === undefined) throw new HTTPNotFound({ text: `There is no book ${request.params.id}` })
    return { book }
  })

  app.get('/secret', async () => {
    const error = new HTTPUnauthorized({ headers: { 'WWW-Authenticate': 'Basic' } })
    error.delCookie('session')
    throw error
  })

  app.get('/broken', async () => { throw new Error('the log has this, the client has not') })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runApp(createApp, { port: 8080 })
}
