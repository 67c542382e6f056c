/** Every recorded answer, asked again of the twin. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { changed, differences, renderDifferences } from './differences.ts'
import { readVectors, replayAll } from './vectors.ts'

const vectors = readVectors(new URL('vectors.json', import.meta.url))
const changes = new Map(differences.flatMap(rule => Object.entries(rule.vectors)))

t.test('the twin gives the recorded answers, or those of a named difference', { timeout: 120_000 }, async t => {
  const port = await startTwin(t)
  const expected = vectors.map(vector => changed(vector, changes.get(vector.name) ?? {}))

  const results = await replayAll(expected, { host: '127.0.0.1', port })

  for (const [number, { name }] of vectors.entries()) t.same(results[number], [], name)
})

t.test('at least 92 % of the recorded answers are given as they are', async t => {
  t.ok(vectors.length > 500)
  t.ok(changes.size <= vectors.length * 0.08, `${changes.size} of ${vectors.length} differ`)
})

t.test('a difference is about vectors that there are, each of one rule, and changes something', async t => {
  const names = new Set(vectors.map(({ name }) => name))
  for (const { id, vectors } of differences) {
    for (const [name, change] of Object.entries(vectors)) {
      t.ok(names.has(name), `${id}: ${name}`)
      t.not(Object.keys(change).length, 0, `${id}: ${name}`)
    }
  }
  t.equal(changes.size, differences.flatMap(rule => Object.keys(rule.vectors)).length)
})

t.test('docs/differences.md says so', async t => {
  const page = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8')

  t.ok(page.includes(renderDifferences()), 'is written by test/parity/http/write-differences.ts')
})

/** Prepares the folder and starts the twin as `npm run twin` does; gives its port. */
async function startTwin (t: Test): Promise<number> {
  const root = t.testdir()
  execFileSync(process.execPath, [fileURLToPath(new URL('prepare.mjs', import.meta.url)), root])
  const child = spawn(process.execPath,
    ['--import=tsx', fileURLToPath(new URL('twin.ts', import.meta.url)), '--port=0', `--root=${root}`],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += chunk
    const port = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error(`The twin ended without listening: ${output}`)
}
