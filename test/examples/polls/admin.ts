/** Behind the login. */

import type { Test } from 'tap'
import type { Poll } from '../../../examples/polls/queries.ts'
import { Visitor, type Site } from './site.ts'

export async function admin (t: Test, site: Site): Promise<void> {
  await t.test('who is nobody is sent to the login, and from there to where they wanted to go', async t => {
    const visitor = new Visitor(t, site)
    const { url, text } = await visitor.get('/admin/new')
    t.equal(url, '/admin/login')
    t.match(text, /name="next" value="\/admin\/new"/)

    const wrong = await visitor.logIn('guessed')
    t.equal(wrong.status, 403)
    t.match(wrong.text, /This name and this password do not go together/)
    t.equal((await visitor.get('/admin')).url, '/admin/login')

    const fields: [string, string][] = [['name', 'admin'], ['password', 'polls']]
    t.equal((await visitor.send('/admin/login', '/admin/login', [...fields, ['next', '/admin/new']])).url, '/admin/new')
    t.equal((await visitor.send('/admin/login', '/admin/login', [...fields, ['next', '//evil.example/admin']])).url, '/admin')
  })

  await t.test('who is nobody changes nothing', async t => {
    const visitor = new Visitor(t, site)
    for (const path of ['/admin/new', '/admin/1', '/admin/1/delete']) {
      t.equal((await visitor.send('/admin/login', path, [['text', 'x']])).url, '/admin/login')
    }
    t.equal((await visitor.get('/polls/1')).status, 200)
  })

  await t.test('a question is asked, changed and deleted', async t => {
    const visitor = new Visitor(t, site)
    await visitor.logIn()
    const poll = await visitor.ask('Which <b>language</b>?', ['Zig', ' Gleam\u0000 ', '', '日本語 🎌'])
    t.same(poll.choices.map(choice => choice.choice_text), ['Zig', 'Gleam', '日本語 🎌'])
    t.match((await visitor.get('/')).text, /Which &lt;b&gt;language&lt;\/b&gt;\?/)

    const [zig, gleam, japanese] = poll.choices.map(choice => choice.id)
    await site.app.inject({ method: 'POST', url: `/api/polls/${poll.id}/votes`, body: { choice: gleam } })
    const { text } = await visitor.send(`/admin/${poll.id}`, `/admin/${poll.id}`, [
      ['text', 'Which one?'], [`choice-${zig}`, ''], [`choice-${gleam}`, 'Gleam!'], [`choice-${japanese}`, 'Ruby'], ['choice', 'Roc']
    ])
    t.match(text, /“Which one\?” has been changed/)
    const changed = (await site.app.inject(`/api/polls/${poll.id}`)).json<Poll>()
    t.same(changed.choices.map(choice => [choice.choice_text, choice.votes]), [['Gleam!', 1], ['Ruby', 0], ['Roc', 0]])

    t.match((await visitor.get(`/admin/${poll.id}/delete`)).text, /1 vote\. This cannot be undone/)
    await visitor.send(`/admin/${poll.id}/delete`, `/admin/${poll.id}/delete`, [])
    t.equal((await visitor.get(`/polls/${poll.id}`)).status, 404)
    t.equal((await visitor.get(`/admin/${poll.id}`)).status, 404)
  })

  await t.test('what is wrong with a form stands beside its fields, and nothing is lost or saved', async t => {
    const visitor = new Visitor(t, site)
    await visitor.logIn()
    const before = (await site.app.inject('/api/polls')).body

    for (const [text, choices, message] of [
      ['', ['a', 'b'], /Please write a question/],
      [' \u0007 ', ['a', 'b'], /Please write a question/],
      ['q'.repeat(201), ['a', 'b'], /at most 200 characters; this one has 201/],
      ['Why?', ['because'], /Please give at least 2 choices/],
      ['Why?', ['a', 'A '], /Two choices are the same/],
      ['Why?', ['a', 'c'.repeat(201)], /A choice has at most 200/],
      ['Why?', [...'abcdefghijk'], /Please give at most 10 choices/]
    ] as const) {
      const form = [['text', text], ...choices.map(choice => ['choice', choice])] as [string, string][]
      const answer = await visitor.send('/admin/new', '/admin/new', form)
      t.equal(answer.status, 400, text)
      t.match(answer.text, message)
      t.match(answer.text, `value="${choices.at(-1)!.trim()}"`)
    }
    t.equal((await site.app.inject('/api/polls')).body, before)
    const emoji = await visitor.ask('🎌'.repeat(200), ['a', 'b'])
    t.equal(emoji.question_text, '🎌'.repeat(200), 'characters are counted, not their parts')
    await visitor.send(`/admin/${emoji.id}/delete`, `/admin/${emoji.id}/delete`, [])
  })

  await t.test('after the logout the way is closed', async t => {
    const visitor = new Visitor(t, site)
    await visitor.logIn()
    t.equal((await visitor.send('/admin', '/admin/logout', [])).url, '/')
    t.equal((await visitor.get('/admin')).url, '/admin/login')
  })
}

export async function emptied (t: Test, site: Site): Promise<void> {
  await t.test('without questions the pages say so', async t => {
    const visitor = new Visitor(t, site)
    await visitor.logIn()
    const polls = (await site.app.inject('/api/polls')).json<Poll[]>()
    for (const { id } of polls) await visitor.send(`/admin/${id}/delete`, `/admin/${id}/delete`, [])

    t.match((await visitor.get('/')).text, /There are no questions yet/)
    t.match((await visitor.get('/admin')).text, /There are no questions yet/)
    t.same((await site.app.inject('/api/polls')).json(), [])
  })
}
