/**
 * aiohttp's options, in our words.
 *
 * @module
 */

import type { RunAppOptions, RunnerOptions } from './library.ts'
import type { PythonOptions } from './scenario.ts'

type Translate = (value: unknown) => Readonly<Record<string, unknown>>

/** Options of a runner; `handler_cancellation` is what the stage does with `request.signal`. */
const ofRunner: Readonly<Record<string, Translate>> = {
  shutdown_timeout: value => ({ shutdownTimeout: Number(value) * 1000 }),
  keepalive_timeout: value => ({ keepAliveTimeout: Number(value) * 1000 }),
  handler_cancellation: () => ({})
}

/** Options of `run_app()`; `sock` is bound by the child. */
const ofRunApp: Readonly<Record<string, Translate>> = {
  ...ofRunner,
  host: host => host === null ? {} : { host },
  port: port => port === null ? {} : { port: Number(port) },
  path: path => path === null ? {} : { path },
  sock: () => ({}),
  print: print => print === null ? { print: null } : {},
  backlog: backlog => ({ backlog }),
  handle_signals: handleSignals => ({ handleSignals }),
  reuse_port: reusePort => ({ reusePort }),
  // Ours has no access log unless somebody asks for one, and always reuses the address.
  access_log: () => ({}),
  reuse_address: () => ({})
}

/** The names of the options there are words for. */
export const runnerOptionNames = Object.keys(ofRunner)
export const runAppOptionNames = Object.keys(ofRunApp)

/** @throws Error on an option there is no word for */
export function runnerOptions (given: PythonOptions = {}): RunnerOptions {
  return translate(given, ofRunner)
}

/** @throws Error on an option there is no word for */
export function runAppOptions (given: PythonOptions = {}): RunAppOptions {
  return translate(given, ofRunApp)
}

/** Whether handlers are cancelled when their client leaves. */
export function handlerCancellation (given: PythonOptions = {}): boolean {
  return given.handler_cancellation === true
}

function translate (given: PythonOptions, words: Readonly<Record<string, Translate>>): object {
  return Object.assign({}, ...Object.entries(given).map(([name, value]) => {
    const word = words[name]
    if (word === undefined) throw new Error(`Unknown option "${name}": there are ${Object.keys(words).join(', ')}`)
    return word(value)
  }))
}
