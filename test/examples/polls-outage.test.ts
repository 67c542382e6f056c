/** PostgreSQL goes away and comes back while the polls run. */

import t, { type Test } from 'tap'
import 'tsx'
import type { Poll } from '../../examples/polls/queries.ts'
import { postgres } from '../databases.ts'
import { tcpProxy } from '../tcp-proxy.ts'
import { openSite, Visitor, type Site } from './polls/site.ts'

t.setTimeout(120_000)

/** The polls on a server that can be taken away. */
async function setUp (t: Test) {
  const url = new URL(await postgres.create(t))
  const proxy = await tcpProxy(t, url.hostname, Number(url.port))
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return { proxy, site: await openSite(t, url.href) }
}

async function vote ({ app }: Site) {
  return await app.inject({ method: 'POST', url: '/api/polls/2/votes', body: { choice: 7 } })
}

t.test('while PostgreSQL is down requests get 503, and afterwards all is as before', { skip: postgres.skip }, async t => {
  const { proxy, site } = await setUp(t)
  const visitor = new Visitor(t, site)
  t.equal((await vote(site)).statusCode, 204)

  await proxy.cut()
  const answers = await Promise.all(Array.from({ length: 20 }, () => vote(site)))
  for (const { statusCode, headers } of answers) t.match({ statusCode, headers }, { statusCode: 503, headers: { 'retry-after': '1' } })
  const page = await visitor.session.get('/polls/2')
  t.match({ status: page.status, retry: page.headers.get('retry-after') }, { status: 503, retry: '1' })
  t.match(await page.text(), /The database does not answer right now/)
  t.equal((await visitor.logIn()).status, 503, 'the list behind the login')
  t.equal((await site.app.inject('/readyz')).statusCode, 503)
  t.equal((await site.app.inject('/livez')).statusCode, 200)

  await proxy.restore()
  t.equal((await vote(site)).statusCode, 204)
  t.equal((await visitor.get('/polls/2')).status, 200)
  t.equal((await site.app.inject('/api/polls/2')).json<Poll>().votes, 2)
})

t.test('a PostgreSQL that does not answer keeps nobody waiting for long', { skip: postgres.skip }, async t => {
  const { proxy, site } = await setUp(t)
  t.equal((await vote(site)).statusCode, 204)

  proxy.stall()
  const began = performance.now()
  const answers = await Promise.all(Array.from({ length: 20 }, () => vote(site)))
  const seconds = (performance.now() - began) / 1000
  for (const { statusCode, headers } of answers) t.match({ statusCode, headers }, { statusCode: 503, headers: { 'retry-after': '1' } })
  t.comment(`the last answer came after ${seconds.toFixed(1)} s`)

  await proxy.cut()
  await proxy.restore()
  t.equal((await vote(site)).statusCode, 204)
})
