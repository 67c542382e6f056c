/**
 * Plays the scenarios of `differences.ts` and takes what happens for what should: writes `ours.json`, and the rules
 * into `docs/differences.md`. Read the diff: it is the specification.
 *
 *     node --import=tsx test/parity/lifecycle/write-differences.ts
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { deviationsOf } from './compare.ts'
import { changed, differences, readOurs, readScenarios, renderDifferences } from './differences.ts'
import { replayAll } from './replay.ts'

const ours = readOurs()
const scenarios = readScenarios().filter(({ name }) => changed.has(name))
const results = await replayAll(scenarios)
for (const result of results) {
  const before = ours.get(result.name)
  // Times that are as good as those before stay.
  if (before === undefined || deviationsOf(before, result).length > 0) ours.set(result.name, result)
  const recorded = scenarios.find(({ name }) => name === result.name)
  if (recorded !== undefined && deviationsOf(recorded, result).length === 0) console.log(`${result.name} is as recorded`)
}
const names = differences.flatMap(rule => rule.scenarios)
const known = names.flatMap(name => ours.get(name) ?? [])
writeFileSync(new URL('ours.json', import.meta.url), `[\n${known.map(result => JSON.stringify(result)).join(',\n')}\n]\n`)

const page = new URL('../../../docs/differences.md', import.meta.url)
const text = readFileSync(page, 'utf8')
writeFileSync(page, text.replace(/(<!-- lifecycle -->\n)[^]*(<!-- \/lifecycle -->)/, (_, begin, end) =>
  `${begin}\n${renderDifferences()}\n${end}`))
process.exit()
