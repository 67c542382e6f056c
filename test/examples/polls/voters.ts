/** Many vote at once: every vote that was acknowledged is counted, and no other. */

import type { Test } from 'tap'
import { ClientSession, TcpConnector } from '../../../app.ts'
import type { Poll } from '../../../examples/polls/queries.ts'
import { Visitor, type Site } from './site.ts'

/** `TEST_VOTES=20000` casts them all; the suite has no time for that. */
const voters = 200
const votes = Number(process.env['TEST_VOTES'] ?? 400)

export async function manyVoters (t: Test, site: Site): Promise<void> {
  await t.test(`${voters} voters cast ${votes} votes at once, and the totals are exact`, { timeout: 600_000 }, async t => {
    const admin = new Visitor(t, site)
    await admin.logIn()
    const poll = await admin.ask('How many?', ['one', 'two', 'three'])
    const session = new ClientSession({ baseUrl: site.url, connector: new TcpConnector({ limit: voters }) })
    t.teardown(() => session.close())
    const expected = new Map(poll.choices.map(({ id }) => [id, 0]))
    const began = performance.now()

    let cast = 0
    await Promise.all(Array.from({ length: voters }, async () => {
      while (cast < votes) {
        const { id } = poll.choices[cast++ % 3]!
        const response = await session.post(`/api/polls/${poll.id}/votes`, { json: { choice: id }, timeout: 120_000 })
        if (response.status === 204) expected.set(id, expected.get(id)! + 1)
        else t.fail(`a vote was answered with ${response.status}: ${await response.text()}`)
      }
    }))

    const seconds = (performance.now() - began) / 1000
    t.comment(`${votes} votes in ${seconds.toFixed(1)} s: ${Math.round(votes / seconds)} a second`)
    const { choices, votes: total } = (await (await session.get(`/api/polls/${poll.id}`)).json<Poll>())!
    t.equal(total, votes)
    t.same(choices.map(choice => [choice.id, choice.votes]), [...expected])
    await admin.send(`/admin/${poll.id}/delete`, `/admin/${poll.id}/delete`, [])
  })
}
