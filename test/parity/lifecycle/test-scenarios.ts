/**
 * Plays scenarios, and asserts that each goes as recorded, or as it should here.
 *
 * @module
 */

import type { Test } from 'tap'
import { deviationsOf, show, type Deviation } from './compare.ts'
import { changed, readOurs } from './differences.ts'
import { replayAll } from './replay.ts'
import type { Result, Scenario } from './scenario.ts'

/** One assertion for each scenario. */
export async function testScenarios (t: Test, scenarios: readonly Scenario[]): Promise<void> {
  const ours = readOurs()
  const expected = new Map(scenarios.map(scenario =>
    [scenario.name, changed.has(scenario.name) ? ours.get(scenario.name) : scenario]))
  const deviationsIn = (result: Result): Deviation[] => deviationsOf(expected.get(result.name) ?? {}, result)

  const results = await replayAll(scenarios, result => deviationsIn(result).length === 0)

  t.equal(results.length, scenarios.length)
  for (const result of results) {
    t.equal(result.failure ?? deviationsIn(result).map(show).join('\n'), '', result.name)
  }
}
