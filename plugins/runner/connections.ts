/**
 * Every socket of a runner's sites, and what each is doing: what a shutdown has to know to lose nothing.
 *
 * A request costs one pointer on its socket's record, taken away when its response has ended, and two numbers. No
 * listener per response, no set: what a connection is doing is worked out only while the runner drains.
 *
 * @module
 */

import { ServerResponse, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'

/** Where a socket carries its record. */
export const kConnection = Symbol('fastify-aiohttp.connection')

declare module 'node:net' {
  interface Socket {
    [kConnection]?: Connection
  }
}

/**
 * What a connection is doing.
 *
 * - `fresh`: accepted, no byte came yet
 * - `handshake`: TLS is being negotiated
 * - `reading`: a part of a request head has come
 * - `busy`: a request is being received or answered
 * - `idle`: kept alive, between two requests
 * - `upgraded`: a websocket, or another protocol
 */
export type ConnectionState = 'fresh' | 'handshake' | 'reading' | 'busy' | 'idle' | 'upgraded'

/** What a connection was switched to; each handshake makes a new one, so it also tells them apart. */
export interface Upgraded {
  readonly path: string
}

/** One accepted socket. */
export class Connection {
  /** The socket as accepted; under TLS, the one that carries the cipher text. */
  readonly transport: Socket
  /** The socket that HTTP is spoken on; `null` until TLS has been negotiated. */
  socket: Socket | null
  readonly acceptedAt = performance.now()
  /** The newest response on this socket until it has left: what is kept for longer would outlive its generation. */
  newest: SiteResponse | null = null
  /** Those of a pipeline before it that have not left, oldest first. */
  earlier: SiteResponse[] | null = null
  /** The websocket that it has become. */
  upgraded: Upgraded | null = null
  /** Whether its end has begun: a FIN is on its way. */
  ending = false
  /** Whether something on it was refused: nothing that comes after it is looked at. */
  refused = false
  /** How many requests have come whose responses have not left yet. */
  inFlight = 0
  /** Requests of a pipeline that wait for earlier ones, oldest first. */
  held: (() => void)[] | null = null
  /**
   * What had left of its output when the limit of sending looked last, in bytes, and since when it is that much;
   * `null` when nothing waited to leave.
   */
  sent: { readonly bytes: number, readonly since: number } | null = null
  /** `socket.bytesRead` when the last response had ended: more than that is a part of the next request. */
  bytesAtIdle = 0
  /** When a sweep first found it idle, and how many bytes it had read then. */
  idleSeen: { at: number, bytes: number } | null = null

  readonly #all: Connections

  constructor (all: Connections, transport: Socket, socket: Socket | null) {
    this.#all = all
    this.transport = transport
    this.socket = socket
  }

  get state (): ConnectionState {
    if (this.socket === null) return this.transport.bytesRead === 0 ? 'fresh' : 'handshake'
    if (this.upgraded !== null) return 'upgraded'
    if (this.newest !== null && !this.newest.writableFinished) return 'busy'
    if (this.socket.bytesRead > this.bytesAtIdle) return 'reading'
    return this.bytesAtIdle === 0 ? 'fresh' : 'idle'
  }

  /** Notes a request that has come. */
  begin (response: SiteResponse): void {
    if (this.newest !== null && !this.newest.writableFinished) (this.earlier ??= []).push(this.newest)
    this.newest = response
    response.startedAt = performance.now()
    this.inFlight += 1
  }

  /** Notes that a response has left. */
  end (response: SiteResponse, socket: Socket): void {
    if (this.newest === response) this.newest = null
    else if (this.earlier?.[0] === response) this.earlier.shift()
    this.inFlight -= 1
    if (this.held !== null && this.held.length > 0) process.nextTick(releaseHeld, this, socket)
    this.bytesAtIdle = socket.bytesRead
    // Answered before its body had come: Node reads the rest away, which is no part of the next request.
    if (!response.req.complete) this.#noteRest(response.req, socket)
  }

  #noteRest (request: IncomingMessage, socket: Socket): void {
    request.once('close', () => { this.bytesAtIdle = socket.bytesRead })
  }

  /** Whether nothing may come after a response. */
  isLast (response: SiteResponse): boolean {
    return this.#all.draining && this.newest === response
  }

  /** The responses of a pipeline that have not ended, oldest first. */
  get pending (): SiteResponse[] {
    const all = this.newest === null ? [] : [...this.earlier ?? [], this.newest]
    return all.filter(response => !response.writableFinished)
  }

  /** Those of them that the app has got. */
  get handled (): SiteResponse[] {
    const { pending } = this
    return pending.slice(0, pending.length - (this.held?.length ?? 0))
  }
}

/** All connections of one runner, and whether it drains. */
export class Connections implements Iterable<Connection> {
  /** While this is true the last response of each connection says `Connection: close`. */
  draining = false
  /** How many sockets were accepted so far; tells whether the accept queue has run dry. */
  accepted = 0
  readonly #all = new Set<Connection>()
  /** Weak: what only we remember is not being worked on. */
  #abandoned: WeakRef<SiteResponse>[] = []
  #abandonedLimit = 64

  /** Responses whose client has gone, while their handlers may still be at work. */
  get abandoned (): SiteResponse[] {
    const found = this.#abandoned.flatMap(reference => reference.deref() ?? []).filter(isUnanswered)
    this.#abandoned = found.map(response => new WeakRef(response))
    return found
  }

  get size (): number {
    return this.#all.size
  }

  [Symbol.iterator] (): IterableIterator<Connection> {
    return this.#all.values()
  }

  /** Takes up a socket; `secure` when TLS has yet to be negotiated on it. `null` when it is known already. */
  add (transport: Socket, secure: boolean): Connection | null {
    // A request to upgrade that was put back comes in a second time on the same socket.
    const known = transport[kConnection]
    if (known !== undefined) {
      known.upgraded = null
      return null
    }
    this.accepted += 1
    const connection = new Connection(this, transport, secure ? null : transport)
    transport[kConnection] = connection
    this.#all.add(connection)
    transport.on('close', () => this.#remove(connection))
    return connection
  }

  #remove (connection: Connection): void {
    this.#all.delete(connection)
    if (connection.newest === null) return
    const left = connection.handled.filter(isUnanswered)
    for (const response of left) this.#abandoned.push(new WeakRef(response))
    if (this.#abandoned.length > this.#abandonedLimit) this.#abandonedLimit = 64 + 2 * this.abandoned.length
  }

  /** Connects the socket that TLS made with the one it was made from. */
  secured (socket: Socket): void {
    if (socket[kConnection] !== undefined) return
    for (const connection of this.#all) {
      if (connection.socket === null && isSamePeer(connection.transport, socket)) {
        connection.socket = socket
        socket[kConnection] = connection
        return
      }
    }
  }

  /** The request listener of a site: notes the response, then hands both on to `handler`. */
  listener (handler: SiteListener): SiteListener {
    return (request, response) => {
      const connection = request.socket[kConnection]
      if (connection !== undefined) {
        connection.begin(response)
        // The rest of a pipeline may be in the same piece: only the last of it may close the connection.
        if (this.draining) return handleSoon(handler, request, response)
      }
      handler(request, response)
    }
  }
}

/** A request listener of a site. */
export type SiteListener = (request: IncomingMessage, response: SiteResponse) => void

/** A response that, while its runner drains, is the last one of its connection. */
export class SiteResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** When its request had come; set by the connection, for a field of its own would slow every response down. */
  declare startedAt: number

  /** `reason` may be left out, and then the headers are the second argument, as with Node's own. */
  override writeHead (statusCode: number, reason?: unknown, headers?: OutgoingHttpHeaders): this {
    if (this.req.socket?.[kConnection]?.isLast(this) === true) this.shouldKeepAlive = false
    return super.writeHead(statusCode, reason as string, headers)
  }

  override detachSocket (socket: Socket): void {
    super.detachSocket(socket)
    socket[kConnection]?.end(this, socket)
  }
}

function handleSoon (handler: SiteListener, request: IncomingMessage, response: SiteResponse): void {
  setImmediate(() => {
    // It may have been answered for or cut meanwhile.
    if (!response.headersSent && !response.destroyed) handler(request, response)
    // Nobody works on it.
    else if (response.destroyed) response.end()
  })
}

/** Whether a handler may still be at work on it: Fastify ends even what cannot be sent any more. */
function isUnanswered ({ headersSent, writableEnded }: ServerResponse): boolean {
  return !headersSent && !writableEnded
}

/** Whether nothing of it is left to be done: it has left, or its client has gone and it is answered all the same. */
export function isOver (response: SiteResponse): boolean {
  return response.writableFinished || (response.req.socket.destroyed && !isUnanswered(response))
}

/** Goes on with the next request of a pipeline, and with reading when none waits any more. */
function releaseHeld ({ held }: Connection, socket: Socket): void {
  const next = held?.shift()
  if (held?.length === 0) socket.resume()
  next?.()
}

function isSamePeer (one: Socket, other: Socket): boolean {
  // On a Unix socket peers have no address: any that has begun its handshake will do, only their number counts.
  if (other.remotePort === undefined) return one.remotePort === undefined && one.bytesRead > 0
  return one.remotePort === other.remotePort && one.remoteAddress === other.remoteAddress
}
