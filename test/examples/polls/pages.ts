/** What people see, with and without mistakes. */

import { once } from 'node:events'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import type { Poll } from '../../../examples/polls/queries.ts'
import { Visitor, type Site } from './site.ts'

export async function pages (t: Test, site: Site): Promise<void> {
  await t.test('a vote leads to the results, which show it once', async t => {
    const visitor = new Visitor(t, site)
    t.match((await visitor.get('/')).text, /Tabs or spaces\?/)
    t.match((await visitor.get('/polls/2')).text, /<input type="radio" name="choice" value="7" required>/)

    const { status, url, text } = await visitor.send('/polls/2', '/polls/2/vote', [['choice', '7']])
    t.same({ status, url }, { status: 200, url: '/polls/2/results' })
    t.match(text, /Your vote for “Spaces” has been counted/)
    t.match(text, /<b id="total">1<\/b> vote<span id="plural"><\/span> so far/)
    t.notMatch((await visitor.get('/polls/2/results')).text, /Your vote/)
  })

  await t.test('a vote for nothing, or for the choice of another question, does not count', async t => {
    const visitor = new Visitor(t, site)

    for (const fields of [[], [['choice', '']], [['choice', 'x']], [['choice', '7 or 1=1']], [['choice', '99999999999']]]) {
      const { status, text } = await visitor.send('/polls/1', '/polls/1/vote', fields as [string, string][])
      t.equal(status, 400)
      t.match(text, /role="alert">Please choose one of these\./)
    }
    t.equal((await visitor.send('/polls/1', '/polls/1/vote', [['choice', '7']])).status, 404)
    t.match((await visitor.get('/polls/1/results')).text, /<b id="total">0</)
  })

  await t.test('a form of another site is refused, in the look of this one', async t => {
    const visitor = new Visitor(t, site)
    const response = await visitor.session.post('/polls/2/vote', { data: { choice: '7', _csrf: 'guessed' } })
    t.equal(response.status, 403)
    t.match(await response.text(), /<h1>Forbidden<\/h1>/)
  })

  await t.test('what is not there is a page that says so, and text for programs', async t => {
    const visitor = new Visitor(t, site)

    for (const path of ['/polls/999', '/polls/999/results', '/nowhere', '/polls/99999999999999999999']) {
      const { status, text } = await visitor.get(path)
      t.equal(status, 404, path)
      t.match(text, /<h1>Not Found<\/h1>/)
    }
    const plain = await site.app.inject('/polls/999')
    t.equal(plain.body, 'There is no question 999')
    t.equal((await visitor.session.delete('/polls/1')).status, 405)
  })

  await t.test('pages come under a strict policy and need nothing from elsewhere', async t => {
    for (const path of ['/', '/polls/1', '/polls/1/results', '/admin/login', '/nowhere']) {
      const { headers, body } = await site.app.inject({ url: path, headers: { accept: 'text/html' } })
      t.match(headers['content-security-policy'], "default-src 'none'", path)
      t.notMatch(body, /<script>|<style|\son\w+=|\sstyle=/, 'nothing inline')
      t.notMatch(body, /(?:src|href)="(?:https?:)?\/\//, 'nothing from elsewhere')
    }
  })

  await t.test('who looks at results sees the votes of others', async t => {
    const [watching, voting] = [new WebSocket(`${site.url.replace('http', 'ws')}/polls/3/live`), new Visitor(t, site)]
    t.teardown(() => watching.terminate())
    const next = async (): Promise<Poll> => JSON.parse(String((await once(watching, 'message'))[0]))
    t.equal((await next()).votes, 0)

    const changed = next()
    await voting.send('/polls/3', '/polls/3/vote', [['choice', '10']])
    t.match(await changed, { votes: 1, choices: [{ id: 9, votes: 0 }, { id: 10, votes: 1, percent: 100 }, {}, {}] })
  })

  await t.test('a websocket for a question that is not there is 404', async t => {
    const nowhere = new WebSocket(`${site.url.replace('http', 'ws')}/polls/999/live`)
    const [, response] = await once(nowhere, 'unexpected-response')
    t.equal(response.statusCode, 404)
    nowhere.on('error', () => {}).terminate()
  })

  await t.test('programs vote with JSON, and are told what is wrong', async t => {
    const { app } = site
    const voted = await app.inject({ method: 'POST', url: '/api/polls/2/votes', body: { choice: 8 } })
    t.same([voted.statusCode, voted.body], [204, ''])
    const poll = (await app.inject('/api/polls/2')).json<Poll>()
    t.match(poll.choices.at(-1), { choice_text: 'Whatever the formatter does', votes: 1 })
    t.same((await app.inject('/api/polls')).json<Poll[]>().find(({ id }) => id === 2), poll)

    for (const body of [{}, { choice: 'x' }, { choice: 0 }, { choice: 2 ** 31 }]) {
      t.equal((await app.inject({ method: 'POST', url: '/api/polls/2/votes', body })).statusCode, 400, JSON.stringify(body))
    }
    t.equal((await app.inject({ method: 'POST', url: '/api/polls/2/votes', body: { choice: 1 } })).statusCode, 404)
    t.equal((await app.inject('/api/polls/9999999999')).statusCode, 400)
    t.equal((await app.inject('/api/polls/999')).statusCode, 404)
  })

  await t.test('probes see the database', async t => {
    t.equal((await site.app.inject('/readyz')).statusCode, 200)
  })
}
