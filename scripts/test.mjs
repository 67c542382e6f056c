/**
 * Runs the tests and ends with one plain line: "N passed, N failed, N skipped".
 *
 * Arguments are files or folders: `npm test -- test/plugins/state.test.ts test/server`.
 *
 * Every file is a process of its own, and there are half as many again at once as processors: some only wait. A file
 * works by itself, too: `node --import=tsx test/app.test.ts`. So does the `tap` command, but it loads its coverage tool
 * into all processes, also into those that tests start, and takes twice as long.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleTests } from './bundle-tests.mjs'

/** What the tests of one file may take, in seconds: a busy machine is slow. */
const TIMEOUT = 90

/** How long a process may go on when its tests are over, or their time is up, in seconds. */
const PATIENCE = 10

const root = fileURLToPath(new URL('..', import.meta.url))
const files = (process.argv.length > 2 ? process.argv.slice(2) : ['test']).flatMap(testsIn)
const totals = { pass: 0, fail: 0, skip: 0, todo: 0 }
const failures = []
const begin = performance.now()

const folder = path.join('.tap', String(process.pid))
process.once('exit', () => rmSync(path.join(root, folder), { recursive: true, force: true }))
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15]]) process.once(signal, () => process.exit(128 + number))
const programs = await bundleTests(root, files, folder)

const queue = files.values()
await Promise.all(Array.from({ length: Math.ceil(os.availableParallelism() * 1.5) }, async () => {
  for (const file of queue) await run(file)
}))

if (failures.length > 0) console.log(`\n# Failed\n\n${failures.join('\n\n')}`)
console.log(`\n# ${files.length} files, ${secondsSince(begin)} s`)
console.log(`${totals.pass} passed, ${totals.fail} failed, ${totals.skip + totals.todo} skipped`)
// A run that tested nothing is no success.
process.exitCode = failures.length === 0 && totals.pass > 0 ? 0 : 1

/** The test files that an argument means. */
function testsIn (name) {
  const place = path.resolve(name)
  const found = statSync(place, { throwIfNoEntry: false })
  if (found?.isFile()) return [path.relative(root, place)]
  const inside = found === undefined ? [] : readdirSync(place, { recursive: true }).filter(file => file.endsWith('.test.ts'))
  if (inside.length > 0) return inside.sort().map(file => path.relative(root, path.join(place, file)))
  console.error(`npm test: ${name} is neither a test file nor a folder with tests`)
  process.exit(2)
}

/** Runs one file, prints what it said, and adds to the totals. */
async function run (file) {
  const start = performance.now()
  const child = spawn(process.execPath, programs.get(file), {
    cwd: root,
    env: { ...process.env, TAP_TIMEOUT: String(TIMEOUT) },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', piece => { output += piece })
  const limit = setTimeout(() => child.kill('SIGKILL'), (TIMEOUT + PATIENCE) * 1000)
  // What a test has started and left behind may keep its output open.
  child.once('exit', () => { setTimeout(() => child.stdout.destroy(), 1000).unref() })
  const [status, signal] = await once(child, 'close')
  clearTimeout(limit)
  const passed = count(output, status)
  console.log(`# ${file}\n${output.trimEnd()}\n${passed ? 'ok' : 'not ok'} - ${file} # ${secondsSince(start)} s\n`)
  if (passed) return
  const red = output.match(/^\s*not ok .*$/gm)?.map(line => line.trim()) ?? []
  failures.push([file, ...red.slice(0, 20), `ended with ${signal ?? `status ${status}`}`].join('\n  '))
}

/** Adds what the last line of tap says; a process that says nothing, or fails without a failed test, counts as one. */
function count (output, status) {
  const line = [...output.matchAll(/^# \{ (total: .*) \}$/gm)].at(-1)?.[1] ?? ''
  const of = key => Number(line.match(new RegExp(`\\b${key}: (\\d+)`))?.[1] ?? 0)
  for (const key of Object.keys(totals)) totals[key] += of(key)
  const passed = status === 0 && line !== '' && of('fail') === 0
  if (!passed && of('fail') === 0) totals.fail += 1
  return passed
}

function secondsSince (time) {
  return ((performance.now() - time) / 1000).toFixed(1)
}
