/**
 * aioelasticsearch's place: a search over articles, through the official client.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import { Client, errors } from '@elastic/elasticsearch'
import Fastify from 'fastify'
import bundle, { HTTPServiceUnavailable, runApp } from '../../app.ts'

export interface Article { title: string, text: string }

/** Takes the server's URL and the index. */
export default async function createApp (
  node = process.env['ELASTICSEARCH_URL'] ?? 'http://127.0.0.1:9200', index = 'articles'
) {
  const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'silent' } })
  await app.register(bundle)
  const client = new Client({ node, maxRetries: 1, requestTimeout: 5_000 })

  app.cleanupContext(async function * search () {
    const mappings = { properties: { title: { type: 'text' as const }, text: { type: 'text' as const } } }
    try {
      if (!await client.indices.exists({ index })) await client.indices.create({ index, mappings })
      yield
    } finally {
      await client.close()
    }
  })

  app.post<{ Body: Article }>('/articles', async (request, reply) => {
    const { _id: id } = await orUnavailable(client.index({ index, document: request.body, refresh: 'wait_for' }))
    return reply.code(201).send({ id })
  })

  app.get<{ Querystring: { q: string } }>('/search', {
    schema: { querystring: { type: 'object', required: ['q'], properties: { q: { type: 'string', maxLength: 200 } } } }
  }, async ({ query: { q }, signal }) => {
    const query = { multi_match: { query: q, fields: ['title^2', 'text'] } }
    // Nobody is left to read the answer when the client has gone.
    const { hits } = await orUnavailable(client.search<Article>({ index, query, size: 20 }, { signal }))
    return hits.hits.map(({ _id: id, _source }) => ({ id, ..._source }))
  })
  return app
}

/** A server that is away is no fault of ours. */
async function orUnavailable<Result> (answer: Promise<Result>): Promise<Result> {
  return await answer.catch((error: unknown) => {
    const away = error instanceof errors.ConnectionError || error instanceof errors.TimeoutError
    throw away ? new HTTPServiceUnavailable({ headers: { 'Retry-After': '1' }, cause: error }) : error
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runApp(() => createApp(), { port: 8080 })
