/**
 * The module that scenarios of the command line name.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { childNotes, childStage } from './child-stage.ts'
import { emptyApp } from './scenario.ts'

/** The app of the scenario; notes what it was called with, as Python writes a list. */
export async function make (...args: string[]): Promise<FastifyInstance> {
  childNotes.add(`factory [${args.map(arg => JSON.stringify(arg)).join(', ')}]`)
  const { stage, scenario } = childStage()
  return await stage.build(scenario.app ?? emptyApp, { endTasks: true })
}

export function broken (): never {
  throw new Error('no app today')
}
