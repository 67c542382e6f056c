/**
 * The process of a scenario with `run_app`: `runApp()` in a script of one page.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { runApp, type RunAppOptions } from './library.ts'
import { childNotes, childStage } from './child-stage.ts'
import { failure } from './failure.ts'
import { runAppOptions } from './options.ts'
import { emptyApp } from './scenario.ts'
import { bind } from './sockets.ts'

const { stage, scenario } = childStage()
const { run_app: given = {}, app = emptyApp, factory, after } = scenario
const options: RunAppOptions = runAppOptions(given)
if (given.sock === true) {
  options.sock = await bind(Number(given.port))
  delete options.port
}

const make = () => stage.build(app, { endTasks: true })
const made = factory === 'coroutine'
  ? async () => {
    childNotes.add('factory')
    await sleep(10)
    return await make()
  }
  : await make()

try {
  await runApp(made, options)
  if (after === true) childNotes.add('run_app returned')
} catch (error) {
  if (after === true) childNotes.add(`run_app raised ${failure(error)}`)
  throw error
}
