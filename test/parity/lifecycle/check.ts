/**
 * Finds words that nobody knows before a scenario is played: a misread scenario would prove nothing.
 *
 * @module
 */

import { clientVerbs } from './clients.ts'
import { mutations } from './mutate.ts'
import { runAppOptionNames, runnerOptionNames } from './options.ts'
import { playVerbs } from './play.ts'
import { processVerbs } from './process.ts'
import { isProcess, type Action, type AppSpec, type Scenario } from './scenario.ts'

/** Keys of a scenario; what is recorded and what is for people among them. */
const keys = [
  'name', 'group', 'what', 'note', 'aiohttpQuirk', 'app', 'runner', 'server', 'script', 'run_app', 'cli', 'factory', 'after',
  'readyAt', 'stderrVaries', 'also', 'events', 'client', 'exit', 'stdout', 'stderr'
]

/** Keys of each kind of step; `do` and `id` come to them. */
const stepKeys: Readonly<Record<string, readonly string[]>> = {
  connect: ['to'],
  get: ['path', 'version'],
  send: ['text'],
  websocket: ['path'],
  'frame-text': ['text'],
  'frame-close': ['code'],
  hear: ['count'],
  cleanup: ['mark', 'background'],
  site: ['kind', 'host', 'port', 'path', 'reuse_port', 'shutdown_timeout', 'backlog', 'defaults'],
  mutate: ['app', 'what'],
  file: ['path', 'make'],
  'app-runner-of': ['value'],
  open: ['gate'],
  wait: ['ms'],
  event: ['text'],
  signal: ['signal']
}

/** Verbs of actions, and whether something has to follow them. */
const actions: Readonly<Record<string, 'none' | 'some' | 'number' | 'any'>> = {
  sleep: 'number',
  note: 'any',
  raise: 'some',
  'raise-once': 'some',
  open: 'some',
  wait: 'some',
  mutate: 'some',
  text: 'any',
  read: 'none',
  stream: 'any',
  chunk: 'any',
  websocket: 'any',
  'close-websockets': 'none'
}

/** Classes that `raise` knows. */
const errors = ['RuntimeError', 'ValueError', 'OSError', 'CancelledError', 'GracefulExit', 'HTTPForbidden', 'KeyboardInterrupt']

const styles = ['generator', 'finally', 'manager', 'twice', 'never']

/** @throws Error that names the first word that is not known, and those that are */
export function checkScenario (scenario: Scenario): void {
  known('key of a scenario', Object.keys(scenario), keys)
  known('option of a runner', Object.keys(scenario.runner ?? {}), runnerOptionNames)
  known('option of run_app', Object.keys(scenario.run_app ?? {}), runAppOptionNames)
  if (scenario.server !== undefined) known('server', [scenario.server], ['low-level'])
  if (scenario.factory !== undefined) known('factory', [scenario.factory], ['coroutine'])
  if (!Array.isArray(scenario.script)) throw new Error('A scenario needs a script')
  const verbs = [...clientVerbs, ...isProcess(scenario) ? processVerbs : playVerbs]
  for (const step of scenario.script) {
    known('step', [step.do], verbs)
    known(`key of the step "${step.do}"`, Object.keys(step), ['do', 'id', ...stepKeys[step.do] ?? []])
    if (step.do === 'site') known('kind of site', [step.kind ?? 'tcp'], ['tcp', 'unix', 'sock'])
    if (step.do === 'file' && step.make !== undefined) known('kind of file', [step.make], ['plain', 'stale-socket'])
    if (step.do === 'mutate') known('mutation', [(step.what ?? '').split(' ')[0] ?? ''], mutations)
  }
  if (scenario.app !== undefined) checkApp(scenario.app)
}

function checkApp ({ name, parts }: AppSpec): void {
  for (const part of parts) {
    if ('subapp' in part) {
      known('key of a subapp', Object.keys(part), ['subapp', 'app'])
      checkApp(part.app)
    } else if ('route' in part) {
      known('key of a route', Object.keys(part), ['route', 'does'])
      checkActions(part.does)
    } else if (part.hook === 'cleanup_ctx') {
      known('key of a context', Object.keys(part), ['hook', 'name', 'enter', 'exit', 'style'])
      known('style of a context', [part.style ?? 'generator'], styles)
      checkActions(part.enter)
      checkActions(part.exit)
    } else {
      known(`hook of the application "${name}"`, [part.hook], ['startup', 'shutdown', 'cleanup', 'cleanup_ctx'])
      known('key of a hook', Object.keys(part), ['hook', 'name', 'does'])
      checkActions(part.does)
    }
  }
}

function checkActions (list: readonly Action[] = []): void {
  for (const action of list) {
    if (typeof action === 'string') checkAction(action)
    else {
      const kinds = ['repeat', 'spawn', 'onCancel'].filter(key => key in action)
      if (kinds.length !== 1) throw new Error(`Unknown block of actions: ${JSON.stringify(action)}`)
      known('key of a block of actions', Object.keys(action), ['repeat', 'spawn', 'does', 'cancelled', 'onCancel', 'swallow'])
      checkActions(action.does)
      if ('onCancel' in action) checkActions(action.onCancel)
      if ('spawn' in action) checkActions(action.cancelled)
    }
  }
}

function checkAction (action: string): void {
  const [verb = '', word = '', third = ''] = action.split(' ')
  known('action', [verb], Object.keys(actions))
  const wants = actions[verb]
  if ((wants === 'some' && word === '') || (wants === 'number' && !/^\d+$/.test(word)) || (wants === 'none' && word !== '')) {
    throw new Error(`Malformed action "${action}"`)
  }
  if (verb.startsWith('raise')) known('class of errors', [word], errors)
  if (verb === 'mutate') known('mutation', [third], mutations)
}

function known (what: string, given: readonly string[], allowed: readonly string[]): void {
  const unknown = given.find(word => !allowed.includes(word))
  if (unknown !== undefined) throw new Error(`Unknown ${what}: "${unknown}"; there are ${allowed.join(', ')}`)
}
