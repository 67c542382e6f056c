/** A real browser: two windows, the login, wrong input. */

import { chromium as browsers, type Browser } from 'playwright-core'
import type { Test } from 'tap'
import { chromium, noBrowser, type Site } from './site.ts'

export async function inBrowser (t: Test, site: Site): Promise<void> {
  await t.test('in a browser', { skip: noBrowser }, async t => {
    const browser = await browsers.launch({ executablePath: chromium, args: ['--no-sandbox'] })
    t.teardown(() => browser.close())
    await twoWindows(t, site, browser)
    await asking(t, site, browser)
    await withoutJavaScript(t, site, browser)
  })
}

/** A window on a page of the site; errors of its scripts fail the test. */
async function open (t: Test, { url }: Site, browser: Browser, path: string, javaScriptEnabled = true) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce', javaScriptEnabled })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.on('pageerror', error => t.fail(`the page says: ${error.message}`))
  await page.goto(url + path)
  return page
}

async function twoWindows (t: Test, site: Site, browser: Browser): Promise<void> {
  await t.test('a vote in one window moves the chart in another', async t => {
    const watching = await open(t, site, browser, '/polls/1/results')
    await watching.locator('#live[data-state=open]').waitFor()
    const bar = watching.locator('[data-choice="2"] rect')
    t.equal(await bar.getAttribute('width'), '0')

    const voting = await open(t, site, browser, '/polls/1')
    await voting.getByLabel('Green tea').check()
    await voting.getByRole('button', { name: 'Vote' }).click()
    await voting.getByText('Your vote for “Green tea” has been counted').waitFor()

    await watching.locator('[data-choice="2"] rect[width="100"]').waitFor()
    t.equal(await watching.locator('#total').textContent(), '1')
    t.ok((await bar.boundingBox())!.width > 250, 'the bar is as long as the picture says')
  })
}

async function asking (t: Test, site: Site, browser: Browser): Promise<void> {
  await t.test('the admin logs in and asks a question; mistakes are shown where they were made', async t => {
    const page = await open(t, site, browser, '/admin')
    await page.getByLabel('Name').fill('admin')
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').getByText('do not go together').waitFor()
    t.equal(await page.getByLabel('Name').inputValue(), 'admin')
    await page.getByLabel('Password').fill('polls')
    await page.getByRole('button', { name: 'Log in' }).click()

    await page.getByRole('link', { name: 'New question' }).click()
    await page.getByLabel('Question').fill('Which language next?')
    await page.getByLabel('New choice 1').fill('Zig')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Please give at least 2 choices').waitFor()
    t.equal(await page.getByLabel('Question').inputValue(), 'Which language next?')
    await page.getByLabel('New choice 2').fill('Gleam')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('“Which language next?” can be voted on').waitFor()

    const visitor = await open(t, site, browser, '/')
    await visitor.getByRole('link', { name: 'Which language next?', exact: true }).click()
    await visitor.getByRole('radio', { name: 'Gleam' }).waitFor()
    await page.getByRole('link', { name: 'Delete Which language next?' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('has been deleted').waitFor()
    await visitor.reload()
    await visitor.getByRole('heading', { name: 'Not Found' }).waitFor()
  })
}

async function withoutJavaScript (t: Test, site: Site, browser: Browser): Promise<void> {
  await t.test('without JavaScript one votes as well, by keyboard', async t => {
    const page = await open(t, site, browser, '/polls/1', false)
    await page.getByLabel('Coffee').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Enter')
    await page.getByText('Your vote for “Coffee” has been counted').waitFor()
    t.equal(await page.locator('#live').isVisible(), false, 'nothing claims to be live')
    t.equal(await page.locator('[data-choice="1"] rect').getAttribute('width'), '50')
  })
}
