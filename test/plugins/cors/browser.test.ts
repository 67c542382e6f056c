/** A browser decides: a page of one origin calls an API of another. */

import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { chromium } from 'playwright-core'
import type { FastifyInstance } from 'fastify'
import bundle from '../../../app.ts'
import { HTTPConflict } from '../../../plugins/exceptions/index.ts'
import { Response } from '../../../plugins/responses/index.ts'
import { build } from '../../helper.ts'

const executablePath = '/usr/bin/chromium'
const skip = existsSync(executablePath) ? false : `no browser at ${executablePath}`

const listen = (app: FastifyInstance) => app.listen({ host: '127.0.0.1', port: 0 })

/** An API and two pages of other origins, the second of which nobody lists. */
async function start (t: Test) {
  const [page, stranger, api] = [build(t), build(t), build(t)]
  for (const app of [page, stranger]) app.get('/', async (_, reply) => reply.type('text/html').send('<p>page'))
  const [origin, foreign] = [await listen(page), await listen(stranger)]
  await api.register(bundle)
  const config = {
    cors: {
      [origin]: { allowCredentials: true, allowHeaders: ['Content-Type', 'X-Own'], exposeHeaders: '*' as const, maxAge: 0 }
    }
  }
  api.addGet('/read', async () => new Response({ text: 'read', headers: { 'X-Total': 7 } }), { config })
  api.addPut(String.raw`/items/{id:\d+}`, async request => new Response({ text: `put ${request.matchInfo.id}` }), { config })
  api.addPost('/login', async () => {
    const response = new Response({ text: 'welcome' })
    response.setCookie('who', 'alice', { path: '/' })
    return response
  }, { config })
  api.addGet('/who', async request => new Response({ text: request.cookies.who ?? 'nobody' }), { config })
  api.addGet('/conflict', async () => { throw new HTTPConflict({ text: 'taken' }) }, { config })
  api.addGet('/closed', async () => new Response({ text: 'closed' }))
  return { origin, foreign, base: await listen(api) }
}

t.test('a browser reads what it may, and nothing else', { skip }, async t => {
  const { origin, foreign, base } = await start(t)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  t.teardown(() => browser.close())
  const open = async (url: string) => {
    const page = await browser.newPage()
    await page.goto(url)
    return async (path: string, init: object = {}) => await page.evaluate(async ([url, init]) => {
      try {
        const response = await fetch(url, init)
        return [response.status, await response.text(), response.headers.get('x-total')]
      } catch (error) {
        return String(error)
      }
    }, [base + path, init] as const)
  }
  const [ask, askForeign] = [await open(origin), await open(foreign)]
  const refused = 'TypeError: Failed to fetch'
  const put = { method: 'PUT', headers: { 'X-Own': '1' }, body: 'x' }
  const withCookies = { credentials: 'include' }

  t.same(await ask('/read'), [200, 'read', '7'], 'a simple request')
  t.same(await ask('/read', withCookies), [200, 'read', '7'], 'names of headers with credentials')
  t.same(await ask('/items/12', put), [200, 'put 12', null], 'a preflight')
  t.equal(await ask('/items/12', { ...put, headers: { 'X-Other': '1' } }), refused, 'a header that is not allowed')
  t.equal(await ask('/items/12', { method: 'DELETE' }), refused, 'a method that is not allowed')
  t.same(await ask('/login', { method: 'POST', ...withCookies }), [200, 'welcome', null])
  t.same(await ask('/who', withCookies), [200, 'alice', null], 'with credentials')
  t.same(await ask('/who'), [200, 'nobody', null], 'without credentials')
  t.same(await ask('/conflict'), [409, 'taken', null], 'an error can be read')
  t.equal(await ask('/closed'), refused, 'a route that did not ask')
  t.equal(await askForeign('/read'), refused, 'an origin that is not listed')
  t.equal(await askForeign('/items/12', put), refused)
})
