/**
 * `npm run client-cases -- [--section S] FILE.json …`: performs recorded cases and prints what differs.
 *
 * Ends with `N passed, M failed` and the exit status 1 when a case failed. Cases that are for information only,
 * and those that need what the runtime lacks, are named as skipped.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { readCases, type Case } from './case.ts'
import { check, skipReason } from './check.ts'
import { startServer } from './server.mjs'

const { values: { section, name, recorded = false }, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    section: { type: 'string' },
    /** A part of the name. */
    name: { type: 'string' },
    /** Compares with the recording alone, without the named differences. */
    recorded: { type: 'boolean' }
  }
})

const chosen = (spec: Case) => (section === undefined || spec.section === section) && spec.name.includes(name ?? '')

if (files.length === 0) {
  console.error('Usage: npm run client-cases -- [--section S] [--name PART] [--recorded] FILE.json …')
  process.exit(2)
}
const server = await startServer()
let passed = 0
let failed = 0
for (const spec of files.flatMap(file => readCases(file)).filter(chosen)) {
  const reason = skipReason(spec)
  if (reason !== undefined) {
    console.log(`skipped ${spec.name}: ${reason}`)
    continue
  }
  const differences = await check(spec, server, { recorded })
  if (differences.length === 0) passed++
  else {
    failed++
    console.log([`FAILED ${spec.name} (${spec.port})`, ...differences].join('\n  '))
  }
}
await server.close()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
