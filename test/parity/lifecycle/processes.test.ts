/** What aiohttp was recorded to do in a process of its own that a script has started. */

import t from 'tap'
import { readScenarios } from './differences.ts'
import { isProcess } from './scenario.ts'
import { testScenarios } from './test-scenarios.ts'

t.test('processes end as recorded, or as a named rule says', { timeout: 85_000 }, async t => {
  await testScenarios(t, readScenarios().filter(scenario => isProcess(scenario) && scenario.cli === undefined))
})
