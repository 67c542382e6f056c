/** The page, in a browser that reaches nothing but the app. */

import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright-core'
import t from 'tap'
import createPetShop from '../../../examples/openapi.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(file => existsSync(file))
const skip = executablePath === undefined && 'needs Chromium'

t.test('the path without its slash leads to the page', async t => {
  const app = await createPetShop()
  t.teardown(() => app.close())

  const { statusCode, headers } = await app.inject('/docs')
  t.equal(statusCode, 301)
  t.equal(headers.location, 'docs/')
  t.equal((await app.inject('/docs/')).statusCode, 200)
})

t.test('the page shows the operations and tries one out, with files of the app alone', { skip }, async t => {
  const app = await createPetShop()
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const browser = await chromium.launch({ executablePath: String(executablePath), args: ['--no-sandbox'] })
  t.teardown(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1200, height: 1400 } })
  const foreign: string[] = []
  page.on('request', request => {
    if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(origin)) foreign.push(request.url())
  })
  const errors: string[] = []
  page.on('pageerror', error => errors.push(error.message))
  page.setDefaultTimeout(60_000)

  await page.goto(`${origin}/docs`)
  await page.locator('#operations-default-getPet .opblock-summary-control').click()
  await page.getByRole('button', { name: 'Try it out' }).click()
  await page.locator('#operations-default-getPet input[placeholder="id"]').fill('1')
  await page.getByRole('button', { name: 'Execute', exact: true }).click()
  const answer = page.locator('#operations-default-getPet .live-responses-table .highlight-code').first()
  await answer.waitFor()

  t.match(await answer.innerText(), /"name": "Tom"/)
  t.equal(await page.locator('.opblock').count(), 4)
  t.match(await page.locator('.info .title').innerText(), /^Pet shop/)
  t.same(foreign, [])
  t.same(errors, [])
  const screenshot = process.env['OPENAPI_SCREENSHOT']
  if (screenshot !== undefined) await page.screenshot({ path: screenshot })
})
