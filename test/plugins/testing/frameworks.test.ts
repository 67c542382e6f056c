/** What the helpers do in real runs of tap and node:test, failing tests included. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../../..', import.meta.url))

function run (...args: string[]) {
  // Without tap's own variables, which a child would take for its own.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(TAP|NODE_TEST)/.test(name)))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', ...args], {
    cwd: root, encoding: 'utf8', env, timeout: 60_000
  })
  return { status, stdout, closed: Array.from(`${stdout}${stderr}`.matchAll(/(?<=closed )[a-e]$|between.*/gm), ([text]) => text) }
}

t.test('node:test: everything is closed after each test, the newest first, and nothing keeps the process', async t => {
  const { status, stdout, closed } = run('--test-reporter=tap', 'test/fixtures/testing/node-test.ts')

  t.equal(status, 1, 'because of the test that fails on purpose')
  t.match(stdout, /^# pass 3$/m)
  t.match(stdout, /^# fail 1$/m)
  t.match(stdout, 'on purpose')
  t.same(closed.sort().join(''), 'abcde')
  t.match(stdout, /closed b[^]*closed a[^]*closed d[^]*closed c/)
})

t.test('tap: the same, in step with the teardowns of the test itself', async t => {
  const { status, stdout, closed } = run('test/fixtures/testing/tap.ts')

  t.equal(status, 1)
  t.match(stdout, /^# \{ total: 4, pass: 3, fail: 1 \}$/m)
  t.same(closed, ['between, b is open', 'b', 'a', 'd', 'c'])
})

t.test('the project of examples/testing/ passes its tests', async t => {
  const { status, stdout } = run('--test', '--test-reporter=tap', 'examples/testing/todo.test.ts')

  t.equal(status, 0)
  t.match(stdout, /^# pass 4$/m)
})
