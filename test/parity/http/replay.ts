/**
 * Replays vectors against a server that runs: `node --import=tsx test/parity/http/replay.ts --port N [FILE ...]`.
 *
 * `--section S` and `--grep TEXT` choose some of them. Prints what differs, and "N passed, M failed" at the end.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { isRaw, readVectors, replayAll } from './vectors.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    grep: { type: 'string', default: '' },
    host: { type: 'string', default: '127.0.0.1' },
    jobs: { type: 'string', default: '8' },
    port: { type: 'string', default: '8080' },
    section: { type: 'string' }
  }
})
const files = positionals.length > 0 ? positionals : [new URL('vectors.json', import.meta.url)]
const vectors = files.flatMap(file => readVectors(file))
  .filter(({ section }) => options.section === undefined || section === options.section)
  .filter(({ name }) => name.includes(options.grep))

const results = await replayAll(vectors, { host: options.host, port: Number(options.port) }, Number(options.jobs))

for (const [number, vector] of vectors.entries()) {
  const differences = results[number] ?? []
  if (differences.length === 0) continue
  console.log(`FAIL ${vector.name}`)
  if (!isRaw(vector)) console.log(`  ${vector.request.method} ${vector.request.target}`)
  for (const difference of differences) console.log(`    ${difference}`)
}
const failed = results.filter(differences => differences.length > 0).length
console.log(`${vectors.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
