/**
 * The client of every aiohttp introduction: a page, and ten seconds for it.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { ClientSession } from '../../plugins/client-session/index.ts'
import { testServer } from '../../plugins/testing/index.ts'

export async function fetchText (session: ClientSession, url: string): Promise<string> {
  await using response = await session.get(url, { timeout: 10_000 })
  return await response.text()
}

/** The page to fetch. */
export default async function createApp () {
  const app = Fastify()
  app.get('/', async (_request, reply) => reply.type('text/html').send('<h1>Welcome</h1>'))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using server = await testServer(await createApp())
  await using session = new ClientSession()
  console.log(await fetchText(session, process.argv[2] ?? server.makeUrl('/')))
}
