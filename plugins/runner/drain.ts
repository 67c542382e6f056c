/**
 * Ends connections without losing a request: what reliability asks of each kind of connection while draining.
 *
 * @module
 */

import { kConnection, type Connection, type Connections, type SiteResponse } from './connections.ts'

/** How often connections are looked at, in milliseconds. */
const SWEEP_INTERVAL = 20

/** How long a connection that has sent no byte yet gets to send its first request, in milliseconds. */
const FRESH_GRACE = 500

/** How long after our FIN a peer has to take what is under way, in milliseconds. */
const LINGER = 50

/** Looks at all connections again and again, and closes those that have nothing left to do. */
export class Sweeper {
  readonly #connections: Connections
  readonly #idleGrace: number
  #timer: NodeJS.Timeout | undefined

  constructor (connections: Connections, idleGrace: number) {
    this.#connections = connections
    this.#idleGrace = idleGrace
  }

  start (): void {
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_INTERVAL)
    this.#sweep()
  }

  stop (): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #sweep (): void {
    const now = performance.now()
    for (const connection of this.#connections) {
      if (connection.ending) continue
      const { state } = connection
      if (state === 'fresh' && now - connection.acceptedAt > FRESH_GRACE) endUnlessRead(connection)
      else if (state === 'idle') this.#sweepIdle(connection, now)
      else connection.idleSeen = null
    }
  }

  /**
   * An idle client may send its next request just now: it gets a grace, and bytes that the kernel holds already
   * must have been read in between.
   */
  #sweepIdle (connection: Connection, now: number): void {
    const bytes = connection.transport.bytesRead
    const seen = connection.idleSeen
    if (seen === null || seen.bytes !== bytes) connection.idleSeen = { at: now, bytes }
    else if (now - seen.at >= this.#idleGrace) endUnlessRead(connection)
  }
}

/**
 * Ends a connection once the event loop has been to the kernel: where this process was kept from running, the grace is
 * over while a request waits there to be read.
 */
function endUnlessRead (connection: Connection): void {
  const { bytesRead } = connection.transport
  setImmediate(() => {
    if (!connection.ending && connection.transport.bytesRead === bytesRead) end(connection)
  })
}

/** Tells handlers that their time is up, through `request.signal` and the `close` event of the raw request. */
export function abortRequests (responses: Iterable<SiteResponse>): void {
  for (const { req } of responses) req.emit('close')
}

/** Answers for handlers that did not: 503 where nothing was sent, 408 for half a request, a cut elsewhere. */
export function answerForHandlers (connections: Connections): void {
  for (const connection of connections) {
    const { state } = connection
    if (connection.ending) continue
    if (state === 'reading') {
      connection.ending = true
      connection.socket?.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    } else if (state === 'busy') {
      answerUnavailable(connection.pending)
    }
  }
}

/** The same for some responses only. */
export function answerUnavailable (responses: readonly SiteResponse[]): void {
  for (const response of responses) {
    const connection = response.req.socket[kConnection]
    // A body that breaks off is seen as broken off; one that ends would pass for a whole one.
    if (connection?.pending.some(({ headersSent }) => headersSent) === true) connection.transport.destroy()
    else if (!response.headersSent) answer(response)
  }
}

/** Closes whatever is still open. */
export function destroyAll (connections: Connections): void {
  for (const { transport } of connections) transport.destroy()
}

function answer (response: SiteResponse): void {
  const body = '503: Service Unavailable'
  response.writeHead(503, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    'retry-after': '1'
  })
  response.end(body)
}

/** A FIN first: destroying a socket that holds unread bytes would reset it, and take back our last answer. */
function end (connection: Connection): void {
  connection.ending = true
  const { socket, transport } = connection
  if (socket === null) {
    transport.destroy()
    return
  }
  socket.end()
  setTimeout(() => transport.destroy(), LINGER).unref()
}
