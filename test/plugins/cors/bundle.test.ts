/** CORS together with the other plugins: route tables, sub-applications, folders, middlewares. */

import t, { type Test } from 'tap'
import bundle, { type AppOptions } from '../../../app.ts'
import { HTTPForbidden } from '../../../plugins/exceptions/index.ts'
import type { Middleware } from '../../../plugins/middlewares/index.ts'
import { Response } from '../../../plugins/responses/index.ts'
import { View } from '../../../plugins/routes/index.ts'
import { build } from '../../helper.ts'

const origin = 'https://a.example'
const cors = { [origin]: { allowCredentials: true, allowHeaders: '*', exposeHeaders: '*' } } as const
const config = { cors }
const ok = async () => new Response({ text: 'ok', headers: { 'X-Total': 1 } })
const deny: Middleware = async () => { throw new HTTPForbidden() }

class Item extends View {
  async get () { return await ok() }
}

async function load (t: Test, options: AppOptions = {}) {
  const app = build(t)
  await app.register(bundle, options)
  app.addGet('/plain', ok, { config })
  app.addGet('/variable/{id}', ok, { config })
  app.addGet(String.raw`/digits/{id:\d+}`, ok, { config })
  app.addView('/view', Item, { config })
  app.addRoute('*', '/any', ok, { config })
  app.addSubapp('/sub', async sub => {
    sub.addGet('/plain', ok, { config })
    sub.addGet(String.raw`/digits/{id:\d+}`, ok, { config })
  })
  app.addSubapp('/closed', async sub => { sub.addGet('/plain', ok, { config }) }, { middlewares: [deny] })
  app.cors('/files/*', cors)
  app.addStatic('/files', t.testdir({ 'a.txt': 'a' }))
  return app
}

const preflight = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-own' }

t.test('routes of tables, views, sub-applications and folders answer preflights and requests', async t => {
  const app = await load(t)

  for (const url of ['/plain', '/variable/1', '/digits/1', '/view', '/any', '/sub/plain', '/sub/digits/1', '/files/a.txt']) {
    const asked = await app.inject({ method: 'OPTIONS', url, headers: preflight })
    t.match(asked, { statusCode: 200, headers: { 'access-control-allow-origin': origin, 'access-control-allow-methods': 'GET' } }, url)
    t.match(asked.headers.vary, /Origin/, url)
    const got = await app.inject({ url, headers: { origin } })
    t.match(got, { statusCode: 200, headers: { 'access-control-allow-origin': origin, vary: /Origin/ } }, url)
  }
})

t.test('a preflight is answered before middlewares, whose refusal has the headers', async t => {
  const app = await load(t)
  const url = '/closed/plain'

  t.equal((await app.inject({ method: 'OPTIONS', url, headers: preflight })).statusCode, 200)
  const refused = await app.inject({ url, headers: { origin } })
  t.match(refused, { statusCode: 403, headers: { 'access-control-allow-origin': origin, vary: /Origin/ } })
})

t.test('a preflight route makes no path exist', async t => {
  const app = await load(t)

  t.equal((await app.inject('/digits/x')).statusCode, 404)
  t.equal((await app.inject({ method: 'OPTIONS', url: '/digits/x', headers: preflight })).statusCode, 404)
  t.equal((await app.inject({ method: 'POST', url: '/digits/1' })).headers.allow, 'GET,HEAD')
})

t.test('exposeHeaders "*" names all headers of the answer when there are credentials', async t => {
  const app = await load(t)
  const { headers } = await app.inject({ url: '/plain', headers: { origin } })

  t.equal(headers['access-control-expose-headers'], 'x-total')
  t.notOk((await app.inject('/plain')).headers['access-control-expose-headers'])
})

t.test('app-wide, 404 and 405 of the app and of sub-applications have the headers', async t => {
  const appWide = { cors: { origin: [origin], allowCredentials: true } }
  const app = await load(t, { ...appWide, middlewares: { middlewares: [deny] } })
  const open = await load(t, { cors: { origin: [origin] } })
  open.addGet('/other', ok)

  for (const [method, url, status] of [
    ['GET', '/none', 404], ['POST', '/plain', 405], ['GET', '/sub/none', 404], ['GET', '/other', 200],
    ['OPTIONS', '/other', 204]
  ] as const) {
    const answer = await open.inject({ method, url, headers: preflight })
    t.match(answer, { statusCode: status, headers: { 'access-control-allow-origin': origin, vary: /Origin/ } }, url)
  }
  const denied = await app.inject({ url: '/none', headers: { origin } })
  t.match(denied, { statusCode: 403, headers: { 'access-control-allow-origin': origin } })
  t.equal((await app.inject({ method: 'OPTIONS', url: '/none', headers: preflight })).statusCode, 204)
})
