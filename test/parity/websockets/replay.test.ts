/** Every recorded conversation, held again with the twin. */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { differences } from './differences.ts'

const transcriptsFile = fileURLToPath(new URL('transcripts.json', import.meta.url))
const source = readFileSync(transcriptsFile, 'utf8')
const transcripts = JSON.parse(source) as Array<{ name: string, handshake: object }>
const changed = new Map(differences.flatMap(({ transcripts }) => Object.entries(transcripts)))

t.test('the twin holds the recorded conversations, or those of RFC 6455', { timeout: 120_000 }, async t => {
  const port = await startTwin(t)
  const { failed, passed } = await replay(port, '--mode', 'either', transcriptsFile)

  t.ok(transcripts.length > 200)
  // Node 24.9 and later keep the body of a handshake, which is then refused: docs/differences.md has the rule.
  const kept = 'shouldUpgradeCallback' in createServer() ? ['handshake-with-body'] : []
  t.ok(passed >= (transcripts.length - kept.length) * 0.95, `${passed} of ${transcripts.length} pass`)
  t.same(failed, [...changed.keys(), ...kept].sort(), 'the others are named in differences.ts')
})

t.test('what is held otherwise is as its rule says', { timeout: 60_000 }, async t => {
  const port = await startTwin(t)
  const ours = [...changed].map(([name, steps]) => ({
    ...transcripts.find(transcript => transcript.name === name), rfc6455: undefined, steps
  }))
  const file = path.join(t.testdir(), 'ours.json')
  writeFileSync(file, JSON.stringify(ours))

  t.same(await replay(port, '--wire-only', file), { failed: [], passed: changed.size })
})

t.test('docs/differences.md has a section for each rule', async t => {
  const page = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8')

  for (const { title } of differences) t.ok(page.includes(`### ${title}\n`), title)
})

/** Starts the twin as `npm run twin:websockets` does; gives its port. */
async function startTwin (t: Test): Promise<string> {
  const child = spawn(process.execPath,
    ['--import=tsx', fileURLToPath(new URL('twin.ts', import.meta.url)), '--port=0'],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += chunk
    const port = /ready http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]
    if (port !== undefined) return port
  }
  throw new Error(`The twin ended without listening: ${output}`)
}

async function replay (port: string, ...options: string[]): Promise<{ failed: string[], passed: number }> {
  const script = fileURLToPath(new URL('replay.mjs', import.meta.url))
  const output = await new Promise<string>(resolve => {
    execFile(process.execPath, [script, '--url', `http://127.0.0.1:${port}`, '--quiet', ...options],
      (_error, stdout) => resolve(stdout))
  })
  const failed = /^FAIL (.*)$/m.exec(output)?.[1]?.split(' ') ?? []
  return { failed, passed: Number(/(\d+) passed/.exec(output)?.[1]) }
}
