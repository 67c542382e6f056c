/**
 * Plays a scenario inside of this process: an app, its runner, its sites, and clients.
 *
 * @module
 */

import { existsSync, lstatSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppRunner, ServerRunner } from './library.ts'
import { Clients } from './clients.ts'
import { failure } from './failure.ts'
import { Journal } from './journal.ts'
import { mutate } from './mutate.ts'
import { handlerCancellation, runnerOptions } from './options.ts'
import { emptyApp, type Outcome, type Scenario, type Step } from './scenario.ts'
import { Sites } from './sites.ts'
import { Stage } from './stage.ts'
import { bind, bindStale, portOf } from './sockets.ts'

/** How long clients may still see something after the last step, in milliseconds. */
const LAST_LOOK = 50

/** The verbs of scripts inside of one process; those of clients come to them. */
const verbs: Readonly<Record<string, (play: Play, step: Step) => unknown>> = {
  setup: play => play.attempt('setup', () => play.runner.setup()),
  cleanup: (play, { mark, background }) => play.cleanup(mark === true, background === true),
  join: play => play.pending,
  site: (play, step) => play.sites.make(step),
  start: (play, { id = '' }) => play.sites.start(id),
  stop: (play, { id = '' }) => play.sites.stop(id),
  sites: play => play.sites.list(),
  name: (play, { id = '' }) => play.sites.name(id),
  server: play => play.journal.add(`server ${play.runner.phase === 'running' ? 'there' : 'none'}`),
  connections: play => play.journal.add(`connections ${play.runner.connections.size}`),
  mutate: (play, { app = '', what = '' }) => mutate(play.stage, app, what),
  'hold-port': (play, { id = '' }) => play.holdPort(id),
  file: (play, step) => play.file(step),
  'app-runner-of': (play, { value }) => play.runnerOf(value),
  open: (play, { gate = '' }) => play.stage.actor.open(gate),
  mark: play => play.journal.mark(),
  wait: (_play, { ms }) => sleep(ms)
}

/** The verbs of scripts inside of one process. */
export const playVerbs = Object.keys(verbs)

/** Plays the scenario in an empty directory. */
export async function play (scenario: Scenario, directory: string): Promise<Outcome> {
  const journal = new Journal()
  const stage = new Stage(journal, { handlerCancellation: handlerCancellation(scenario.runner) })
  const app = await stage.build(scenario.app ?? emptyApp)
  const options = runnerOptions(scenario.runner)
  const runner = scenario.server === 'low-level' ? lowLevel(journal, options) : new AppRunner(app, options)
  return await new Play(journal, stage, runner, directory).run(scenario.script)
}

function lowLevel (journal: Journal, options: object): ServerRunner {
  return new ServerRunner((request, response) => {
    journal.add(`request ${request.url}`)
    response.end('low level')
  }, options)
}

class Play {
  readonly journal: Journal
  readonly stage: Stage
  readonly runner: AppRunner | ServerRunner
  readonly sites: Sites
  pending: Promise<void> = Promise.resolve()
  readonly #clients: Clients
  readonly #directory: string
  readonly #held: Server[] = []

  constructor (journal: Journal, stage: Stage, runner: AppRunner | ServerRunner, directory: string) {
    this.journal = journal
    this.stage = stage
    this.runner = runner
    this.#directory = directory
    this.sites = new Sites(journal, runner, directory)
    this.#clients = new Clients(journal, to => this.sites.addressOf(to ?? ''))
  }

  async run (script: readonly Step[]): Promise<Outcome> {
    try {
      for (const step of script) {
        if (await this.#clients.perform(step)) continue
        const verb = verbs[step.do]
        if (verb === undefined) throw new Error(`Unknown step "${step.do}"`)
        await verb(this, step)
      }
      const events = [...this.journal.entries]
      await sleep(LAST_LOOK)
      return { events, client: this.#clients.reports() }
    } finally {
      this.journal.close()
      this.#clients.closeAll()
      this.sites.closeAll()
      for (const server of this.#held) server.close()
      await this.runner.hurry().catch(() => {})
    }
  }

  async attempt (name: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call()
      this.journal.add(`${name} ok`)
    } catch (error) {
      this.journal.add(`${name} raised ${failure(error)}`)
    }
  }

  async cleanup (mark: boolean, background: boolean): Promise<void> {
    if (mark) this.journal.mark()
    const ended = this.attempt('cleanup', () => this.runner.cleanup())
    if (background) this.pending = ended
    else await ended
  }

  async holdPort (id: string): Promise<void> {
    const server = await bind(0)
    this.#held.push(server)
    this.sites.ports.set(id, portOf(server))
  }

  async file ({ path: name = '', make }: Step): Promise<void> {
    const file = path.join(this.#directory, name)
    if (make === 'plain') writeFileSync(file, '')
    else if (make === 'stale-socket') await bindStale(file)
    else if (!existsSync(file)) this.journal.add(`file ${name} none`)
    else this.journal.add(`file ${name} ${lstatSync(file).isSocket() ? 'socket' : 'plain'}`)
  }

  runnerOf (value: unknown): void {
    try {
      Reflect.construct(AppRunner, [value])
    } catch (error) {
      this.journal.add(`AppRunner raised ${failure(error)}`)
    }
  }
}
