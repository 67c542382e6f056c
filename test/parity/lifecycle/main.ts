/**
 * Plays lifecycle scenarios and writes down what happened.
 *
 *     npm run lifecycle-scenarios -- FILE.json … --out results.json      prints "N passed, M failed"
 *
 * What the files have recorded is compared; a scenario without a recording passes when it can be played. Where a
 * scenario of ours goes otherwise on purpose, the rule in `docs/differences.md` is named, and it fails all the same.
 * `--only TEXT` picks scenarios by a part of their names.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { deviationsOf, show } from './compare.ts'
import { differences } from './differences.ts'
import { replayAll } from './replay.ts'
import type { Scenario } from './scenario.ts'

const { values: { out, only = '' }, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, only: { type: 'string' } }
})
if (files.length === 0) files.push(new URL('scenarios.json', import.meta.url).pathname)
const scenarios = files
  .flatMap(file => JSON.parse(readFileSync(file, 'utf8')) as Scenario[])
  .filter(({ name }) => name.includes(only))
const recorded = new Map(scenarios.filter(({ events }) => events !== undefined).map(item => [item.name, item]))

const results = await replayAll(scenarios, result => {
  const recording = recorded.get(result.name)
  return recording === undefined || deviationsOf(recording, result).length === 0
})
if (out !== undefined) writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`)

let failed = 0
for (const result of results) {
  const { name, failure } = result
  const recording = recorded.get(name)
  const found = recording === undefined ? [] : deviationsOf(recording, result)
  if (failure === undefined && found.length === 0) continue
  failed += 1
  const rule = differences.find(({ scenarios }) => scenarios.includes(name))
  console.log([
    `FAIL ${name}: ${failure ?? recording?.what}`,
    ...rule === undefined ? [] : [`  on purpose: ${rule.title}`],
    ...failure === undefined ? found.map(show) : []
  ].join('\n'))
}
console.log(`${results.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
