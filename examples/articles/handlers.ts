/**
 * What a handler may be: plain or async, for one method or for all, with HEAD or without.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import bundle, { Response, runApp } from '../../app.ts'

function plainHandler () {
  return new Response({ text: 'plain' })
}

async function handler () {
  return new Response({ text: 'async' })
}

async function postHandler (request: FastifyRequest) {
  return new Response({ text: `posted ${await request.text()}` })
}

async function allHandler (request: FastifyRequest) {
  return new Response({ text: request.method })
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.addGet('/plain', plainHandler)
  app.addGet('/', handler)
  app.addPost('/post', postHandler)
  app.addRoute('*', '/path', allHandler)
  // A GET route answers HEAD as well, unless it is told not to.
  app.addGet('/no-head', handler, { allowHead: false })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
