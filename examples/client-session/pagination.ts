/**
 * All items of a list that comes in pages: the next page is where the Link header says (RFC 8288).
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import { ClientSession, type UrlInit } from '../../plugins/client-session/index.ts'
import { testServer } from '../../plugins/testing/index.ts'

/** Asks for a page only when its first item is wanted. */
export async function * items<Item> (session: ClientSession, url: UrlInit): AsyncGenerator<Item> {
  for (let next: UrlInit | undefined = url; next !== undefined;) {
    await using response = await session.get(next, { raiseForStatus: true })
    yield * await response.json<Item[]>() ?? []
    next = response.links.get('next')?.url
  }
}

/** A list of 25 teas, ten a page. */
export default async function createApp () {
  const app = Fastify()
  const teas = Array.from({ length: 25 }, (_, index) => `tea ${index + 1}`)
  app.get<{ Querystring: { page?: string } }>('/', async (request, reply) => {
    const page = Number(request.query.page ?? 1)
    if (page * 10 < teas.length) reply.header('link', `</?page=${page + 1}>; rel="next"`)
    return teas.slice((page - 1) * 10, page * 10)
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await using server = await testServer(await createApp())
  await using session = new ClientSession()
  for await (const tea of items<string>(session, server.makeUrl('/'))) console.log(tea)
}
