/**
 * Names for whoever keeps a shutdown waiting: requests, websockets, hooks.
 *
 * Never a query string, a header or a body: those may hold secrets.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { kConnection, type Connection, type ConnectionState, type Connections, type SiteResponse } from './connections.ts'

/** How many are named; the rest is counted. */
const NAMED = 20

const nouns: Record<keyof Counts, string> = {
  busy: 'request',
  upgraded: 'websocket',
  reading: 'half-sent request',
  idle: 'idle connection',
  fresh: 'silent connection',
  handshake: 'TLS handshake',
  abandoned: 'abandoned request',
  work: 'job'
}

/** How many there are of each kind; kinds without any are left out. */
type Counts = Partial<Record<ConnectionState | 'abandoned' | 'work', number>>

/** What goes on without a connection. */
export type Work = readonly { readonly name: string, readonly since: number }[]

/** What connections are doing, and the oldest of them. */
export interface ConnectionReport {
  /** How many are in each state; `abandoned` are requests whose client has gone. States without any are left out. */
  readonly counts: Counts
  /** One line each, oldest first. */
  readonly lines: readonly string[]
}

/** One of the apps of a runner. */
export interface GenerationReport {
  /** 1 for the first app, and one more for each swap. */
  readonly number: number
  /** Whether it gets new requests. */
  readonly current: boolean
  /** Its requests under way. */
  readonly requests: number
  /** Its websockets. */
  readonly websockets: number
  /** How long ago another app took its place, in milliseconds; 0 for the one that serves. */
  readonly retiringFor: number
  /** The hook that is being waited for. */
  readonly waitingFor: string | null
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
  const counts: Counts = {}
  const found: Aged[] = []
  const now = performance.now()
  for (const connection of connections) {
    const { state } = connection
    if (!wanted(state)) continue
    counts[state] = (counts[state] ?? 0) + 1
    const pending = state === 'busy' ? connection.pending : []
    for (const response of pending) found.push(describeRequest(connection, response, now))
    if (pending.length === 0) {
      const age = now - connection.acceptedAt
      found.push({ age, line: `${named(connection, state, null)}, for ${Math.round(age)} ms` })
    }
  }
  const { abandoned } = connections
  if (abandoned.length > 0) counts.abandoned = abandoned.length
  for (const response of abandoned) found.push(describeRequest(null, response, now))
  return { counts, lines: oldest(found) }
}

/** Names requests, oldest first. */
export function describeRequests (responses: Iterable<SiteResponse>): string[] {
  const now = performance.now()
  return oldest(Array.from(responses, response =>
    describeRequest(response.req.socket[kConnection] ?? null, response, now)))
}

/** Names jobs and the like. */
export function describeWork (work: Work): string[] {
  return work.map(({ name, since }) => `job "${name}", for ${Date.now() - since} ms`)
}

interface Aged {
  readonly line: string
  readonly age: number
}

function oldest (found: Aged[]): string[] {
  found.sort((one, other) => other.age - one.age)
  const lines = found.slice(0, NAMED).map(({ line }) => line)
  if (found.length > NAMED) lines.push(`and ${found.length - NAMED} more`)
  return lines
}

function describeRequest (connection: Connection | null, { req, startedAt }: SiteResponse, now: number): Aged {
  const age = now - startedAt
  const gone = req.socket.destroyed
  const half = req.complete || gone ? '' : ', its body half received'
  const line = `${named(connection, 'busy', req)}${gone ? ', its client gone' : half}, for ${Math.round(age)} ms`
  return { line, age }
}

/** Counts as a phrase: `2 requests, 1 websocket`. */
export function countsAsText (counts: ConnectionReport['counts']): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${nouns[state as keyof Counts]}${count === 1 ? '' : 's'}`)
    .join(', ')
}

function named (connection: Connection | null, state: ConnectionState, request: IncomingMessage | null): string {
  const what = request === null
    ? connection?.upgraded?.path ?? ''
    : `${request.method ?? ''} ${pathOf(request)}`
  const from = connection?.transport.remoteAddress
  return [nouns[state], what, from === undefined ? '' : `from ${from}`].filter(part => part !== '').join(' ')
}
