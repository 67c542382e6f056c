/** What aiohttp was recorded to do when its command line starts an app. */

import t from 'tap'
import { readScenarios } from './differences.ts'
import { testScenarios } from './test-scenarios.ts'

t.test('the command line does as recorded, or as a named rule says', { timeout: 85_000 }, async t => {
  await testScenarios(t, readScenarios().filter(({ cli }) => cli !== undefined))
})
