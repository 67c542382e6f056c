/**
 * Errors in the words of the recordings: Python's class, then the message for people.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import path from 'node:path'

/** An error that a scenario asks for, by the name of its class in Python. */
export class ScriptedError extends Error {
  constructor (name: string, message: string) {
    super(message)
    this.name = name
  }
}

/** What is thrown where something waits that is cancelled. */
export const cancelled = 'CancelledError'

/** Which class aiohttp has for our codes: where not by the rule of `pythonClass`. */
const classes: Readonly<Record<string, string>> = {
  AIO_ERR_ROUTE_PATH: 'ValueError',
  AIO_ERR_SITE_PATH: 'OSError',
  AIO_ERR_OPTION_INVALID: 'ValueError',
  AIO_ERR_STATE_KEY: 'TypeError'
}

/** `Class | message`; several errors as `CleanupError [Class: message, …]`. */
export function failure (error: unknown): string {
  if (error instanceof AggregateError) {
    const causes = error.errors.map(cause => failure(cause).replace(' | ', ': '))
    return `CleanupError [${causes.join(', ')}] | ${error.message}`
  }
  if (!(error instanceof Error)) return `Error | ${String(error)}`
  const name = pythonClass(error)
  return error.message === '' ? name : `${name} | ${error.message}`
}

/** Whether an error says that what it came from was cancelled. */
export function isCancellation (error: unknown): boolean {
  return error instanceof Error && (error.name === cancelled || error.name === 'AbortError')
}

function pythonClass (error: NodeJS.ErrnoException & { address?: string }): string {
  if (error instanceof ScriptedError) return error.name
  if (isCancellation(error)) return cancelled
  const { code } = error
  if (typeof code !== 'string') return error.name
  if (classes[code] !== undefined) return classes[code]
  if (/^(AIO|FST|AVV)_/.test(code)) return error instanceof TypeError ? 'TypeError' : 'RuntimeError'
  if (code.startsWith('HTTP')) return error.name
  return leadsNowhere(error) ? 'FileNotFoundError' : 'OSError'
}

/** The system says EACCES as well for a directory that is not there. */
function leadsNowhere (error: NodeJS.ErrnoException & { address?: string }): boolean {
  if (error.code === 'ENOENT') return true
  return error.address !== undefined && error.code === 'EACCES' && !existsSync(path.dirname(error.address))
}
