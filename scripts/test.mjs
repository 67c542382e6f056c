/**
 * Runs tap and ends with one plain line: "N passed, N failed, N skipped".
 *
 * Arguments are passed on: `npm test -- test/plugins/state.test.ts`.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const manifest = require.resolve('tap/package.json')
const bin = path.join(path.dirname(manifest), require(manifest).bin.tap)
const child = spawn(process.execPath, [bin, '--no-color', ...process.argv.slice(2)], {
  stdio: ['inherit', 'pipe', 'inherit']
})

// The totals are in tap's last lines; what comes before is only passed on.
let tail = ''
child.stdout.on('data', chunk => {
  process.stdout.write(chunk)
  tail = (tail + chunk).slice(-8192)
})

child.on('close', code => {
  const totals = [...tail.matchAll(/^# \{ (total: .*) \}$/gm)].at(-1)?.[1] ?? ''
  const count = key => Number(totals.match(new RegExp(`\\b${key}: (\\d+)`))?.[1] ?? 0)
  if (totals === '') console.log('fastify-aiohttp: tap printed no totals, so nothing is known to have passed')
  console.log(`${count('pass')} passed, ${count('fail')} failed, ${count('skip') + count('todo')} skipped`)
  // A run that tested nothing is no success.
  process.exitCode = code === 0 && count('pass') > 0 ? 0 : code || 1
})
