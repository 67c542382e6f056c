/**
 * The stage in a child process: what happens is written to file descriptor 3, with its time.
 *
 * @module
 */

import { writeSync } from 'node:fs'
import { now } from './journal.ts'
import { handlerCancellation } from './options.ts'
import type { Scenario } from './scenario.ts'
import { Stage, type Notes } from './stage.ts'

export const childNotes: Notes = {
  add (event) {
    writeSync(3, `${now()} ${event}\n`)
  }
}

/** The scenario that the environment holds, and a stage for it. */
export function childStage (): { stage: Stage, scenario: Scenario } {
  const scenario: Scenario = JSON.parse(process.env.SCENARIO ?? '{}')
  const options = { handlerCancellation: handlerCancellation(scenario.run_app) }
  return { stage: new Stage(childNotes, options), scenario }
}
