/** What aiohttp was recorded to do inside of one process, done here. */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { changed, differences, readOurs, readScenarios, renderDifferences } from './differences.ts'
import { replayAll } from './replay.ts'
import { isProcess, type HookPart, type Scenario } from './scenario.ts'
import { testScenarios } from './test-scenarios.ts'

const scenarios = readScenarios()
const names = scenarios.map(({ name }) => name)

t.test('the recorded scenarios go as recorded, or as a named rule says', { timeout: 85_000 }, async t => {
  await testScenarios(t, scenarios.filter(scenario => !isProcess(scenario)))
})

t.test('a rule is about scenarios that there are, each of one rule, and says what happens instead', async t => {
  const named = differences.flatMap(({ scenarios }) => scenarios)
  const ours = readOurs()

  t.equal(new Set(named).size, named.length)
  for (const name of named) t.ok(names.includes(name), name)
  for (const name of changed) t.ok(ours.has(name), name)
})

t.test('a word that nobody knows is a failure that names it', async t => {
  const script = [{ do: 'setup' }]
  const hooked = (hook: object) => ({ name: 'hook', script, app: { name: 'root', parts: [hook as HookPart] } })
  const wrong: [Scenario, RegExp][] = [
    [{ name: 'step', script: [{ do: 'dance' }] }, /^Unknown step: "dance"; there are connect, /],
    [{ name: 'key', script: [{ do: 'wait', text: 'x' }] }, /^Unknown key of the step "wait": "text"/],
    [{ name: 'option', script, runner: { patience: 1 } }, /^Unknown option of a runner: "patience"/],
    [{ name: 'mutation', script: [{ do: 'mutate', app: 'root', what: 'colour' }] }, /^Unknown mutation: "colour"/],
    [hooked({ hook: 'lunch', name: 'x' }), /^Unknown hook of the application "root": "lunch"/],
    [hooked({ hook: 'startup', name: 'x', does: ['dance'] }), /^Unknown action: "dance"/],
    [hooked({ hook: 'startup', name: 'x', does: ['raise Boom'] }), /^Unknown class of errors: "Boom"/],
    [hooked({ hook: 'startup', name: 'x', does: ['sleep long'] }), /^Malformed action "sleep long"/],
    [hooked({ hook: 'cleanup_ctx', name: 'x', style: 'odd' }), /^Unknown style of a context: "odd"/]
  ]
  for (const [scenario, message] of wrong) {
    const [result] = await replayAll([scenario])
    t.match(result?.failure, message)
  }
})

t.test('the command plays files, writes what happened, and counts', async t => {
  const folder = t.testdir({
    'some.json': JSON.stringify([
      { name: 'right', script: [{ do: 'setup' }], events: ['setup ok'], client: [] },
      { name: 'other', what: 'fails', script: [{ do: 'setup' }], events: ['setup raised RuntimeError'], client: [] },
      { name: 'open', script: [{ do: 'setup' }, { do: 'cleanup' }] }
    ])
  })
  const out = path.join(folder, 'results.json')
  const command = fileURLToPath(new URL('main.ts', import.meta.url))

  const output = await new Promise<string>(resolve => {
    execFile(process.execPath, ['--import=tsx', command, path.join(folder, 'some.json'), '--out', out],
      (_error, stdout) => resolve(stdout))
  })

  t.match(output, /^FAIL other: fails$/m)
  t.match(output, /^2 passed, 1 failed$/m)
  t.match(JSON.parse(readFileSync(out, 'utf8')), [
    { name: 'right', events: ['setup ok'] }, { name: 'other' }, { name: 'open', events: ['setup ok', 'cleanup ok'] }
  ])
})

t.test('docs/differences.md says so', async t => {
  const page = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8')

  t.ok(page.includes(renderDifferences()), 'is written by test/parity/lifecycle/write-differences.ts')
})
