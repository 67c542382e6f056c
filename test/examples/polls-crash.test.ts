/** The process is killed while people vote: every vote that was acknowledged is there afterwards. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { ClientSession } from '../../app.ts'
import type { Poll } from '../../examples/polls/queries.ts'
import { postgres } from '../databases.ts'

t.setTimeout(120_000)

const root = fileURLToPath(new URL('../..', import.meta.url))
const voters = 20

t.test('killed on PostgreSQL', { skip: postgres.skip }, async t => {
  await killWhileVoting(t, await postgres.create(t))
})

t.test('killed on the embedded database in a folder', async t => {
  await killWhileVoting(t, `pglite:${path.join(t.testdir(), 'data')}`)
})

async function killWhileVoting (t: Test, database: string): Promise<void> {
  const first = await start(t, database)
  const voting = voteUntilTheEnd(first.url, 100, () => first.child.kill('SIGKILL'))
  await once(first.child, 'exit')
  const { sent, acknowledged } = await voting

  const { url } = await start(t, database)
  const { votes } = await (await fetch(`${url}/api/polls/2`)).json() as Poll
  t.comment(`${acknowledged} acknowledged, ${votes} counted, ${sent} sent`)
  t.ok(acknowledged >= 100)
  t.ok(votes >= acknowledged, 'none is lost')
  t.ok(votes <= sent, 'none is counted twice')
}

/** The polls in a process of their own: `npm start`. */
async function start (t: Test, database: string): Promise<{ child: ChildProcess, url: string }> {
  const child = spawn(process.execPath, ['--import=tsx', 'server.ts', '--port', '0'], {
    cwd: root, env: { ...process.env, DATABASE_URL: database }, stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'exit')
  })
  for await (const line of createInterface(child.stdout)) {
    const url = /Running on (\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stdout.resume()
    return { child, url }
  }
  throw new Error('The polls did not start')
}

/** Votes as fast as answers come; `enough` is called once, after so many. */
async function voteUntilTheEnd (url: string, many: number, enough: () => void) {
  await using session = new ClientSession({ baseUrl: url })
  let sent = 0
  let acknowledged = 0
  await Promise.all(Array.from({ length: voters }, async () => {
    for (;;) {
      sent++
      const status = await session.post('/api/polls/2/votes', { json: { choice: 7 } }).then(answer => answer.status, () => 0)
      if (status !== 204) return
      if (++acknowledged === many) enough()
    }
  }))
  return { sent, acknowledged }
}
