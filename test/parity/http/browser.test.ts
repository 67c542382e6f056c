/** The twin as a browser sees it: a page with a form, what a script fetches, redirects, a download, a websocket. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { chromium } from 'playwright-core'
import { startTwin } from './clients-helper.ts'

const executablePath = '/usr/bin/chromium'
const skip = existsSync(executablePath) ? false : `no browser at ${executablePath}`

/** The page in a browser, and everything it complains about. */
async function open (t: Test) {
  const twin = await startTwin(t)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', message => complaints.push(`${message.text()} ${message.location().url}`))
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('requestfailed', request => complaints.push(`${request.url()}: ${request.failure()?.errorText}`))
  await page.goto(`${twin.base}/clients/page`)
  return { twin, page, complaints }
}

t.test('a browser uses the twin and has nothing to complain about', { skip, timeout: 60_000 }, async t => {
  const { twin, page, complaints } = await open(t)
  const big = path.join(twin.root, 'static/big.bin')

  await t.test('shows an image and a style sheet of a static folder', async t => {
    t.equal(await page.evaluate("document.querySelector('img').naturalWidth"), 1)
    t.equal(await page.evaluate('document.styleSheets[0].cssRules.length > 0'), true)
  })

  await t.test('sends a form with a file, follows 303 to the page, and keeps the cookies', async t => {
    await page.fill('[name=name]', 'Jürgen & Söhne')
    await page.setInputFiles('[name=file]', big)
    await page.click('button')
    await page.waitForURL('**/clients/page?done')

    const cookies = await page.context().cookies()
    t.strictSame(Object.fromEntries(cookies.map(({ name, value }) => [name, decodeURIComponent(value)])),
      { name: 'Jürgen & Söhne', file: '300000' })
    t.equal(await page.evaluate("fetch('/req/cookies').then(answer => answer.text())"), '{}', 'for their path alone')
  })

  await t.test('uploads what a script puts together', async t => {
    const answer = await page.evaluate(async () => {
      const form = new FormData()
      form.append('text', 'ä\nb')
      form.append('file', new Blob(['x'.repeat(2_000_000)], { type: 'text/plain' }), 'quote " and ü.txt')
      return await (await fetch('/clients/form', { method: 'POST', body: form })).json()
    })
    t.match(answer, {
      fields: [['text', 'ä\r\nb']],
      filename: 'quote %22 and ü.txt',
      contentType: 'text/plain',
      onDisk: true,
      size: 2_000_000
    })
  })

  await t.test('fetches ranges, compressed answers and streams', async t => {
    const answers = await page.evaluate(async () => {
      const range = await fetch('/static/big.bin', { headers: { Range: 'bytes=1000-1009' } })
      const packed = await fetch('/resp/compress?repeat=100')
      const stream = await fetch('/resp/stream?chunk=a&chunk=b&eof=c')
      return {
        range: [range.status, range.headers.get('content-range'), [...new Uint8Array(await range.arrayBuffer())]],
        packed: [packed.headers.has('content-encoding'), (await packed.text()).length],
        stream: await stream.text()
      }
    })
    t.strictSame(answers, {
      range: [206, 'bytes 1000-1009/300000', [...readFileSync(big).subarray(1000, 1010)]],
      packed: [true, 1200],
      stream: 'abc'
    })
  })

  await t.test('is told that what it has in its cache has not changed', async t => {
    const transferred = await page.evaluate(`(async () => {
      const url = location.origin + '/static/big.bin?cached'
      for (const _ of [1, 2]) await (await fetch(url, { cache: 'no-cache' })).arrayBuffer()
      return performance.getEntriesByName(url).map(entry => [entry.transferSize > 300_000, entry.decodedBodySize])
    })()`)
    t.strictSame(transferred, [[true, 300_000], [false, 300_000]])
  })

  await t.test('talks over a websocket', async t => {
    const answer = await page.evaluate(`new Promise((resolve, reject) => {
      const ws = new WebSocket(location.origin.replace('http', 'ws') + '/clients/echo')
      ws.onopen = () => ws.send('grüße')
      ws.onerror = reject
      ws.onmessage = ({ data }) => { ws.close(1000); ws.onclose = ({ code }) => resolve([data, code]) }
    })`)
    t.strictSame(answer, ['grüße/answer', 1000])
  })

  await t.test('saves a download', async t => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Download')])
    t.ok(readFileSync(await download.path()).equals(readFileSync(path.join(twin.root, 'static/paper.pdf'))))
    // what becomes a download is a navigation that was broken off
    t.same(complaints.splice(0).filter(text => !/paper\.pdf.*ERR_ABORTED/.test(text)), [])
  })

  await t.test('goes through two redirects to another page', async t => {
    await page.click('text=Away')
    await page.waitForURL('**/static/page.html')
    t.equal(await page.title(), 'Page')
  })

  t.strictSame(complaints, [], 'no complaints')
})
