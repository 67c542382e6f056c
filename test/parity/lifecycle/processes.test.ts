/** What aiohttp was recorded to do in a process of its own, started by a script or by the command line. */

import t from 'tap'
import { readScenarios } from './differences.ts'
import { isProcess } from './scenario.ts'
import { testScenarios } from './test-scenarios.ts'

t.test('processes end as recorded, or as a named rule says', { timeout: 85_000 }, async t => {
  await testScenarios(t, readScenarios().filter(isProcess))
})
