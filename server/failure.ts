/**
 * What the command says when it cannot go on: one line for people, one status for scripts.
 *
 * `NODE_DEBUG=fastify-aiohttp` prints the whole error as well.
 *
 * @module
 */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { debuglog } from 'node:util'

/** Exit status after a wrong command line, as every Unix tool has it. */
const exitUsage = 2
/** Exit status when workers do not start or do not live, as gunicorn has it. */
const exitWorkers = 3
/** Exit status when the command line was right and running it failed. */
const exitFailure = 1

/** The command line is wrong: it names what was given and what is expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const debug = debuglog('fastify-aiohttp')

/** What the usual failures of listening mean. */
const meanings: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process uses that address',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'the directory does not exist',
  ENOTDIR: 'a part of the path is no directory',
  EROFS: 'the file system is read-only',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be resolved now',
  EINVAL: 'the address is not valid'
}

interface SystemError extends NodeJS.ErrnoException {
  address?: string
  port?: number
}

/** One line for stderr and the exit status for an error of any kind. */
export function explain (error: unknown): { line: string, status: number } {
  debug('%o', error)
  const status = error instanceof UsageError ? exitUsage : isOfWorkers(error) ? exitWorkers : exitFailure
  return { line: `fastify-aiohttp: ${describeFailure(error)}`, status }
}

/** An error as one line: what failed, and for the system's errors what that means. */
export function describeFailure (error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    const parts = error.errors.map(describeFailure).join('; ')
    return error.message === '' ? parts : `${oneLine(error.message)}: ${parts}`
  }
  if (!(error instanceof Error)) return oneLine(String(error))
  const { address, port, code, syscall }: SystemError = error
  const meaning = code === undefined ? undefined : meanings[code]
  if (syscall === 'listen' && meaning !== undefined && address !== undefined) {
    if (port !== undefined && port >= 0) return `Cannot listen on ${address}:${port}: ${meaning} (${code})`
    const folder = path.dirname(address)
    // libuv says EACCES for a directory that is not there as well.
    if (!existsSync(folder)) return `Cannot listen in ${folder}: ${meanings.ENOENT} (ENOENT)`
    return `Cannot listen in ${folder}: ${meaning} (${code})`
  }
  if (syscall === 'getaddrinfo' && meaning !== undefined) {
    return `Cannot listen on ${oneLine(hostname(error))}: ${meaning} (${code})`
  }
  return oneLine(error.message === '' ? error.name : error.message)
}

/** Where an error was thrown: the first line of its stack that is a file of the user's. */
export function thrownAt (error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  // Node's own frames ("node:internal/...") have no slash in front.
  const frames = error.stack?.matchAll(/(?:^|[\s(])(?:file:\/\/)?(\/[^\s():]+:\d+(?::\d+)?)/g) ?? []
  return Array.from(frames, ([, place]) => place).find(place => place?.includes('/node_modules/') === false)
}

function isOfWorkers (error: unknown): boolean {
  const codes: unknown[] = ['AIO_ERR_CLUSTER_BOOT', 'AIO_ERR_CLUSTER_CRASH_LOOP']
  return error instanceof Error && 'code' in error && codes.includes(error.code)
}

function hostname (error: Error): string {
  return 'hostname' in error ? String(error.hostname) : 'that host'
}

function oneLine (text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
