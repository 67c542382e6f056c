/** The client's examples: each against the server that it brings along. */

import { statSync } from 'node:fs'
import path from 'node:path'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import createDownloads, { download } from '../../examples/client-session/download.ts'
import createPage, { fetchText } from '../../examples/client-session/fetch.ts'
import createLogin, { login } from '../../examples/client-session/login.ts'
import createList, { items } from '../../examples/client-session/pagination.ts'
import createTrouble, { patientSession } from '../../examples/client-session/retries.ts'
import createCounter, { lines, upload, uploadForm } from '../../examples/client-session/upload.ts'
import { ClientSession, CookieJar, type SessionOptions } from '../../plugins/client-session/index.ts'

async function start (t: Test, app: FastifyInstance, options: SessionOptions = {}) {
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const session = new ClientSession(options)
  t.teardown(async () => { await session.close(); await app.close() })
  return { url: `${url}/`, session }
}

t.test('a page is fetched', async t => {
  const { session, url } = await start(t, await createPage())
  t.equal(await fetchText(session, url), '<h1>Welcome</h1>')
})

t.test('a download tells how far it is, and is complete', async t => {
  const { session, url } = await start(t, await createDownloads())
  const file = path.join(t.testdir({}), 'tea')
  const shares: number[] = []
  t.equal(await download(session, url, file, share => shares.push(share)), 10_000_000)
  t.equal(statSync(file).size, 10_000_000)
  t.equal(shares.at(-1), 1)
  t.same(shares, shares.toSorted((one, other) => one - other))
})

t.test('a stream is uploaded as it comes, alone and in a form', async t => {
  const { session, url } = await start(t, await createCounter())
  t.same(await upload(session, url, lines(100)), { bytes: 792, type: 'text/plain' })
  t.match(await uploadForm(session, url, import.meta.filename), { type: 'multipart/form-data' })
})

t.test('all pages of a list come one after the other', async t => {
  const { session, url } = await start(t, await createList())
  const found: string[] = []
  for await (const item of items<string>(session, url)) found.push(item)
  t.same([found.length, found[0], found.at(-1)], [25, 'tea 1', 'tea 25'])
})

t.test('a login is remembered', async t => {
  const app = await createLogin()
  const { url } = await start(t, app)
  const session = new ClientSession({ baseUrl: url, cookieJar: new CookieJar({ unsafe: true }) })
  t.teardown(() => session.close())
  await t.rejects(login(session, 'Ann', 'coffee'), { message: /^401/ })
  t.equal(await login(session, 'Ann', 'tea'), 'Hello, Ann')
  t.equal(await (await session.get('/')).text(), 'Hello, Ann')
})

t.test('a GET is repeated until it succeeds, a POST is not', async t => {
  const { url } = await start(t, await createTrouble())
  const session = patientSession(url)
  t.teardown(() => session.close())
  await t.rejects(session.post('stock', { json: {} }), { message: /^503/ })
  t.same(await (await session.get('stock')).json(), { requests: 3 })
})
