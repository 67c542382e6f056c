/**
 * Names for whoever keeps a shutdown waiting: requests, websockets, hooks.
 *
 * Never a query string, a header or a body: those may hold secrets.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { Connection, ConnectionState, Connections } from './connections.ts'

/** How many are named; the rest is counted. */
const NAMED = 20

const nouns: Record<ConnectionState, string> = {
  busy: 'request',
  upgraded: 'websocket',
  reading: 'half-sent request',
  idle: 'idle connection',
  fresh: 'silent connection',
  handshake: 'TLS handshake'
}

/** What connections are doing, and the oldest of them. */
export interface ConnectionReport {
  /** How many are in each state; states without any are left out. */
  readonly counts: Partial<Record<ConnectionState, number>>
  /** One line each, oldest first. */
  readonly lines: readonly string[]
}

/** The path that a request asked for, without its query string and safe to print. */
export function pathOf (request: IncomingMessage): string {
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  return path.replace(/[^\x21-\x7e]/g, found => encodeURIComponent(found)).slice(0, 200)
}

/** Describes every connection for which `wanted` holds. */
export function describeConnections (
  connections: Connections, wanted: (state: ConnectionState) => boolean = () => true
): ConnectionReport {
  const counts: Partial<Record<ConnectionState, number>> = {}
  const found: { line: string, age: number }[] = []
  const now = performance.now()
  for (const connection of connections) {
    const { state } = connection
    if (!wanted(state)) continue
    counts[state] = (counts[state] ?? 0) + 1
    const pending = state === 'busy' ? connection.pending : []
    for (const response of pending) {
      const age = now - response.startedAt
      const half = response.req.complete ? '' : ', its body half received'
      found.push({ age, line: `${named(connection, state, response.req)}${half}, for ${Math.round(age)} ms` })
    }
    if (pending.length === 0) {
      const age = now - connection.acceptedAt
      found.push({ age, line: `${named(connection, state, null)}, for ${Math.round(age)} ms` })
    }
  }
  found.sort((one, other) => other.age - one.age)
  const lines = found.slice(0, NAMED).map(({ line }) => line)
  if (found.length > NAMED) lines.push(`and ${found.length - NAMED} more`)
  return { counts, lines }
}

/** Counts as a phrase: `2 requests, 1 websocket`. */
export function countsAsText (counts: ConnectionReport['counts']): string {
  return Object.entries(counts)
    .map(([state, count]) => `${count} ${nouns[state as ConnectionState]}${count === 1 ? '' : 's'}`)
    .join(', ')
}

function named (connection: Connection, state: ConnectionState, request: IncomingMessage | null): string {
  const what = request === null
    ? connection.upgraded ?? ''
    : `${request.method ?? ''} ${pathOf(request)}`
  const from = connection.transport.remoteAddress
  return [nouns[state], what, from === undefined ? '' : `from ${from}`].filter(part => part !== '').join(' ')
}
