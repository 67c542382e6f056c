/**
 * Plays many scenarios side by side, each in a directory of its own.
 *
 * @module
 */

import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bundle } from '../../bundle.ts'
import { checkScenario } from './check.ts'
import { play } from './play.ts'
import { playProcess } from './process.ts'
import { isProcess, type Result, type Scenario } from './scenario.ts'

/** How many scenarios are played at once inside of this process; they mostly wait. */
const JOBS = 12
/** How many processes run at once; loading one keeps a core busy. */
const PROCESSES = 4
/** How often a scenario is played again whose answer is not accepted: on a busy machine times slip. */
const AGAIN = 2

/** Whether an outcome is what it should be. */
export type Accept = (result: Result) => boolean

/**
 * Plays all scenarios. One that was not accepted is played again by itself, up to two times; one with a word that
 * nobody knows has a `failure`.
 */
export async function replayAll (scenarios: readonly Scenario[], accept: Accept = () => true): Promise<Result[]> {
  await using programs = await bundle(new URL('child.ts', import.meta.url))
  const [child = ''] = programs.paths
  const results = new Map<string, Result>()
  const playInto = async (scenario: Scenario) => { results.set(scenario.name, await playOne(scenario, child)) }
  const missed = () => scenarios.filter(({ name }) => {
    const result = results.get(name)
    return result !== undefined && result.failure === undefined && !accept(result)
  })
  // One after the other: those that keep a core busy would make the others late.
  await atOnce(JOBS, scenarios.filter(scenario => !isProcess(scenario)), playInto)
  // The shortest scripts first: those only wait for the end, and one may wait in vain.
  const processes = scenarios.filter(isProcess).sort((one, other) => one.script.length - other.script.length)
  await atOnce(PROCESSES, processes, playInto)
  for (let time = 0; time < AGAIN; time++) await atOnce(1, missed(), playInto)
  return scenarios.flatMap(({ name }) => results.get(name) ?? [])
}

async function playOne (scenario: Scenario, program: string): Promise<Result> {
  const { name } = scenario
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'lifecycle-')))
  try {
    checkScenario(scenario)
    const outcome = isProcess(scenario) ? playProcess(scenario, directory, program) : play(scenario, directory)
    return { name, ...await outcome }
  } catch (error) {
    return { name, events: [], client: [], failure: error instanceof Error ? error.message : String(error) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function atOnce<Item> (
  jobs: number, items: readonly Item[], work: (item: Item) => Promise<void>
): Promise<void> {
  const queue = [...items]
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }))
}
