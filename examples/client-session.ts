/**
 * The HTTP client: an app that asks another one, with a limit, retries, pages and a download in portions.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import clientSession, { ClientSession } from '../plugins/client-session/index.ts'
import { runApp } from '../plugins/runner/index.ts'
import signals from '../plugins/signals/index.ts'

/** A page of another site, in ten seconds or not at all. */
export async function fetchPage (session: ClientSession, url: string): Promise<string> {
  await using response = await session.get(url, { timeout: 10_000, raiseForStatus: true })
  return await response.text()
}

/** Every item of a list that comes in pages, each naming the next one in its Link header (RFC 8288). */
export async function * allPages (session: ClientSession, first: string): AsyncGenerator<unknown> {
  for (let url: string | undefined = first; url !== undefined;) {
    const response = await session.get(url, { raiseForStatus: true })
    yield * await response.json<unknown[]>() ?? []
    url = response.links.get('next')?.url.href
  }
}

/** A large file in portions; the server waits while one is worked on. */
export async function download (session: ClientSession, url: string, onProgress: (share: number) => void) {
  const response = await session.get(url, { timeout: { socketRead: 30_000 } })
  const size = response.contentLength ?? 0
  let read = 0
  for await (const chunk of response.content.iterChunked(64 * 1024)) {
    read += chunk.length
    onProgress(size === 0 ? 0 : read / size)
  }
  return read
}

export default async function createApp () {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(signals)
  await app.register(clientSession, { retry: { limit: 3 }, timeout: { total: 10_000 } })

  app.get('/', async request => {
    const { host } = request
    return await fetchPage(request.client, `http://${host}/upstream`)
  })
  app.get('/upstream', async () => 'from the other side')
  app.get('/items', async (request, reply) => {
    const { page = '1' } = request.query as { page?: string }
    if (page === '1') reply.header('link', '</items?page=2>; rel="next"')
    return [`item of page ${page}`]
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(await createApp())
