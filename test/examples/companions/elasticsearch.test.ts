/**
 * The search of examples/companions/elasticsearch.ts, against answers in Elasticsearch's words over real HTTP: the
 * server itself is not here, so what it finds is not tried.
 */

import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import t from 'tap'
import createApp, { type Article } from '../../../examples/companions/elasticsearch.ts'
import { rawServer, testClient, unusedPort, type RawHandler } from '../../../plugins/testing/index.ts'

/** One index in memory that finds by substrings. */
function elasticsearch (documents: Map<string, Article>): RawHandler {
  let created = false
  return async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://a')
    const body = await text(request)
    const answer = (status: number, value?: object) => {
      const type = 'application/vnd.elasticsearch+json; compatible-with=9'
      response.writeHead(status, { 'X-Elastic-Product': 'Elasticsearch', 'Content-Type': type })
      response.end(value === undefined ? '' : JSON.stringify(value))
    }
    if (request.method === 'HEAD') return answer(created ? 200 : 404)
    if (request.method === 'PUT') {
      created = true
      return answer(200, { acknowledged: true, index: pathname.slice(1) })
    }
    if (pathname.endsWith('/_doc')) {
      const id = randomUUID()
      documents.set(id, JSON.parse(body))
      return answer(201, { _id: id, result: 'created' })
    }
    const { query } = JSON.parse(body).query.multi_match
    const hits = [...documents].filter(([, { title, text }]) => `${title} ${text}`.includes(query))
    return answer(200, { hits: { hits: hits.map(([_id, _source]) => ({ _id, _source })) } })
  }
}

t.test('articles are stored and found', async t => {
  const documents = new Map<string, Article>()
  const server = await rawServer(t, elasticsearch(documents))
  const client = await testClient(t, await createApp(server.origin))

  const stored = await client.post('/articles', { json: { title: 'Tea', text: 'Green or black' } })
  t.equal(stored.status, 201)
  await client.post('/articles', { json: { title: 'Cake', text: 'Round' } })

  const { id } = await stored.json() as { id: string }
  t.same(await (await client.get('/search', { params: { q: 'black' } })).json(), [
    { id, title: 'Tea', text: 'Green or black' }
  ])
  t.equal((await client.get('/search')).status, 400)
})

t.test('while the server is away the answer is 503 and says when to come again', async t => {
  const server = await rawServer(elasticsearch(new Map()))
  const client = await testClient(t, await createApp(server.origin))
  await server.close()

  const response = await client.get('/search', { params: { q: 'tea' } })
  t.equal(response.status, 503)
  t.equal(response.headers.get('retry-after'), '1')

  await rawServer(t, elasticsearch(new Map()), { port: server.port })
  t.equal((await client.get('/search', { params: { q: 'tea' } })).status, 200)
})

t.test('without the server the app does not start', async t => {
  await t.rejects(testClient(t, await createApp(`http://127.0.0.1:${await unusedPort()}`)), { name: 'ConnectionError' })
})
