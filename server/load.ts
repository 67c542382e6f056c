/**
 * From a module's export to an application that can be run.
 *
 * @module
 */

import { statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import { UsageError, describeFailure, thrownAt } from './failure.ts'

/** What to load. */
export interface Target {
  /** A file, relative to the working directory, or a `file:` URL. */
  module: string
  /** @default 'default' */
  exportName?: string
  /** What the export is called with when it is a function. */
  args?: readonly string[]
  /**
   * The level of the app's log; an app made for a plugin gets a log with it.
   *
   * @default what the app has set
   */
  logLevel?: string
}

/** Imports the module at a `file:` URL. */
export type Importer = (url: string) => Promise<Record<string, unknown>>

/**
 * Imports the module, with `importer` if that is given, and makes the application of its export.
 *
 * @throws UsageError when there is no such file or export, or the export is of another kind
 * @throws Error when the module or its function throws; the message says where
 */
export async function loadApp (target: Target, importer: Importer = url => import(url)): Promise<FastifyInstance> {
  const app = await makeApp(target, importer)
  // An app without a log shares its stand-in with all others.
  if (target.logLevel !== undefined && 'level' in app.log) app.log.level = target.logLevel
  return app
}

async function makeApp (
  { module, exportName = 'default', args = [], logLevel }: Target, importer: Importer
): Promise<FastifyInstance> {
  const exports = await importModule(module, importer)
  const found = exportName in exports ? exports[exportName] : undefined
  if (found === undefined) {
    const names = Object.keys(exports).filter(name => exports[name] !== undefined)
    // The wrong file may be a library with a hundred names: a line stays a line.
    const some = names.length > 10 ? [...names.slice(0, 10), `${names.length - 10} more`] : names
    throw new UsageError(`Module "${module}" has no export "${exportName}": it has ${some.join(', ') || 'none'}`)
  }
  const label = `Export "${exportName}" of "${module}"`
  if (isApp(found)) return found
  if (found instanceof Promise) return checkMade(label, await settle(label, found))
  if (typeof found !== 'function') {
    throw new UsageError(`${label} is ${kindOf(found)}: ${expected}`)
  }
  if (isPlugin(found)) {
    const app = Fastify(logLevel === undefined ? {} : { logger: { level: logLevel } })
    await settle(label, Promise.resolve(app.register(found)))
    return app
  }
  return checkMade(label, await settle(label, Promise.resolve(args).then(args => found(...args))))
}

const expected = 'expected a Fastify app, a function that returns one, or a plugin made with fastify-plugin'

/**
 * Imports the module.
 *
 * @throws UsageError when there is no such file; Error when it throws
 */
export async function importModule (
  module: string, importer: Importer = url => import(url)
): Promise<Record<string, unknown>> {
  const file = module.startsWith('file:') ? fileURLToPath(module) : path.resolve(module)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) throw new UsageError(`Cannot find module "${module}": there is no file ${file}`)
  if (!stat.isFile()) throw new UsageError(`Cannot run "${module}": ${file} is not a file`)
  try {
    return await importer(pathToFileURL(file).href)
  } catch (error) {
    if (needsLoader(error)) {
      throw new UsageError(`Cannot load "${module}": Node.js ${process.version} does not run TypeScript by itself, ` +
        'expected 22.18 or newer, or NODE_OPTIONS=--import=tsx with tsx installed', { cause: error })
    }
    throw failure(`Cannot load "${module}"`, error)
  }
}

/** Whether the module, or one that it imports, is TypeScript that this Node does not know. */
function needsLoader (error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION' &&
    /"\.[cm]?ts"/.test(error.message)
}

async function settle (label: string, promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    throw failure(`${label} failed`, error)
  }
}

function checkMade (label: string, made: unknown): FastifyInstance {
  if (isApp(made)) return made
  throw new UsageError(`${label} returned ${kindOf(made)}: ${expected}`)
}

function failure (what: string, cause: unknown): Error {
  const where = thrownAt(cause)
  const place = where === undefined ? '' : ` (${where})`
  return new Error(`${what}: ${nameOf(cause)}${describeFailure(cause)}${place}`, { cause })
}

function nameOf (error: unknown): string {
  return error instanceof Error && error.name !== 'Error' && error.message !== '' ? `${error.name}: ` : ''
}

// Not instanceof: the module may bring its own copy of Fastify.
function isApp (value: unknown): value is FastifyInstance {
  return typeof value === 'object' && value !== null &&
    ['routing', 'ready', 'close', 'inject'].every(name => name in value && typeof value[name as never] === 'function')
}

/** Whether fastify-plugin has marked the function. */
function isPlugin (value: CallableFunction): value is FastifyPluginAsync {
  return Symbol.for('skip-override') in value
}

function kindOf (value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
