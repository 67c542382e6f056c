/**
 * Data that all handlers share is kept on the app, data of one request on the request; both by typed keys.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyRequest } from 'fastify'
import bundle, { AppKey, RequestKey, Response, runApp } from '../../app.ts'

interface Database { find (id: string): Promise<string> }

const database = new AppKey<Database>('database')
const domain = new AppKey<string>('domain')
const user = new RequestKey<string>('user')

async function handler (request: FastifyRequest<{ Params: { id: string } }>) {
  const { state } = request.server
  const found = await state.get(database).find(request.params.id)
  return new Response({ text: `${request.state.get(user)}@${state.get(domain)}: ${found}` })
}

export default async function createApp () {
  const app = Fastify()
  await app.register(bundle)
  app.state.set(database, { find: async id => `record ${id}` })
  app.state.set(domain, 'example.com')
  app.get('/:id', {
    onRequest: async request => request.state.set(user, 'ann')
  }, handler)
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp(), { host: '127.0.0.1', port: 8888 })
