/**
 * What a runner does not let through to the app: ambiguous requests, floods, and clients that take for ever.
 *
 * Closes what Node's HTTP server leaves open; `docs/runner.md` has the list. Costs a request one pass over its
 * raw headers.
 *
 * @module
 */

import type { IncomingMessage, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { boolean, check, checkOptions, either, integer, milliseconds, oneOf, type Shape } from '../../lib/options.ts'
import { Admission } from './admission.ts'
import { kConnection, type Connection, type Connections, type SiteListener, type SiteResponse } from './connections.ts'
import { HeadCheck } from './head-check.ts'
import { refuse, refuseRest } from './refusal.ts'
import { SendLimit } from './send-limit.ts'

/** Options of the hardening; every time is in milliseconds, and 0 or `Infinity` switches it off. */
export interface HardeningOptions {
  /**
   * How many header lines a request may have; 431 for more, where Node would drop them without a word.
   *
   * @default 128 (aiohttp's)
   */
  maxHeaders?: number
  /**
   * Whether TRACE reaches the app; 501 otherwise, for it reflects headers that scripts may not see.
   *
   * @default false
   */
  allowTrace?: boolean
  /**
   * How long the head of a request may take, from the first byte or from the beginning of the connection; 408.
   *
   * @default 60000
   */
  headersTimeout?: number
  /**
   * How long a whole request may take to come, its body included; 408.
   *
   * @default the app's `requestTimeout`, or 300000 where that is 0
   */
  requestTimeout?: number
  /**
   * How long a client may take nothing of what waits for it before its connection is cut.
   *
   * @default 60000
   */
  sendTimeout?: number
  /**
   * How many requests of one connection are in the app at a time; the others wait, and no more are read.
   *
   * @default 32
   */
  maxPipelined?: number
  /**
   * How many connections there may be on all sites; further ones get 503.
   *
   * @default Infinity
   */
  maxConnections?: number
  /**
   * How many connections there may be from one address; further ones get 429. Not for servers behind a proxy.
   *
   * @default Infinity
   */
  maxConnectionsPerAddress?: number
}

const count = either(integer(1), oneOf(Infinity))
const shape: Shape<HardeningOptions> = {
  maxHeaders: integer(1),
  allowTrace: boolean,
  headersTimeout: milliseconds,
  requestTimeout: milliseconds,
  sendTimeout: milliseconds,
  maxPipelined: count,
  maxConnections: count,
  maxConnectionsPerAddress: count
}

/** What `hardening` may be, among the options of a runner. */
export const hardeningOption = check('true, false, or the options of the hardening',
  value => typeof value === 'boolean' || (typeof value === 'object' && value !== null))

/** The hardening of one runner. */
export class Hardening {
  readonly #options: HardeningOptions
  readonly #admission: Admission
  readonly #heads: HeadCheck
  readonly #maxPipelined: number
  readonly #sendLimit: SendLimit
  /** How many header lines Node has to keep for one too many to be seen. */
  readonly maxHeadersCount: number

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (connections: Connections, options: HardeningOptions, { requireHostHeader = true }: ServerOptions) {
    checkOptions('the hardening of a runner', options, shape)
    const { maxHeaders = 128, allowTrace = false, maxConnections = Infinity } = options
    const { maxConnectionsPerAddress = Infinity } = options
    this.#options = options
    this.#admission = new Admission(connections, { maxConnections, maxConnectionsPerAddress })
    this.#heads = new HeadCheck({ maxHeaders, allowTrace, requireHost: requireHostHeader })
    this.#maxPipelined = options.maxPipelined ?? 32
    this.#sendLimit = new SendLimit(connections, options.sendTimeout ?? 60_000)
    this.maxHeadersCount = maxHeaders + 1
  }

  /** Node's own options for a site's server, with the limits of time filled in. */
  serverOptions (given: ServerOptions): ServerOptions & { handshakeTimeout: number } {
    const requestTimeout = limit(this.#options.requestTimeout ?? given.requestTimeout ?? 300_000)
    const head = limit(this.#options.headersTimeout ?? given.headersTimeout ?? 60_000)
    // Node insists on this order.
    const headersTimeout = requestTimeout > 0 && (head === 0 || head > requestTimeout) ? requestTimeout : head
    return {
      // Node's own 30 seconds would be added to every limit.
      connectionsCheckingInterval: Math.max(20, Math.min(5000, Math.round((headersTimeout || Infinity) / 4))),
      ...given,
      // Node does answer, but goes on with the next request of a pipeline.
      requireHostHeader: false,
      requestTimeout,
      headersTimeout,
      handshakeTimeout: headersTimeout || 120_000
    }
  }

  /** Begins to look for clients that do not read. */
  start (): void {
    this.#sendLimit.start()
  }

  stop (): void {
    this.#sendLimit.stop()
  }

  /** Turns a new connection away when there are too many. */
  admit (connection: Connection): void {
    const status = this.#admission.find(connection)
    if (status === 0) return
    // Under TLS there is nothing that an answer could be written to yet.
    if (connection.socket === null) connection.transport.destroy()
    else refuseRest(connection.socket, connection, status)
  }

  /** A listener that gets only what may come through, in its turn. */
  guard (listener: SiteListener): SiteListener {
    return (request, response) => {
      const connection = request.socket[kConnection]
      if (connection?.refused === true) return
      const status = this.#heads.find(request)
      if (status !== 0) refuse(response, status)
      else if (connection !== undefined && connection.inFlight > this.#maxPipelined) {
        hold(connection, listener, request, response)
      } else listener(request, response)
    }
  }

  /** Whether a request may switch protocols; it is answered here when it may not. */
  allowsUpgrade (request: IncomingMessage, socket: Duplex): boolean {
    const connection = request.socket[kConnection]
    if (connection?.refused === true) return false
    const status = this.#heads.find(request)
    if (status === 0) return true
    if (connection === undefined) socket.destroy()
    else refuseRest(request.socket, connection, status)
    return false
  }

  /** Refuses CONNECT, which Node would cut without an answer. */
  refuseConnect (request: IncomingMessage): void {
    const connection = request.socket[kConnection]
    if (connection === undefined) request.socket.destroy()
    else if (!connection.refused) refuseRest(request.socket, connection, 501)
  }

  /** Answers what the parser did not understand, or what did not come in time, after all that came before it. */
  answerParserError (error: ParserError, socket: Duplex): void {
    const { code = '' } = error
    const connection = (socket as Socket)[kConnection]
    if (connection === undefined || !(code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT')) {
      socket.destroy(error)
    } else if (!connection.refused) {
      refuseRest(socket as Socket, connection, statusOf(error))
    }
  }
}

/** An error of Node's parser, with the parser's own words. */
type ParserError = NodeJS.ErrnoException & { readonly reason?: string }

const parserErrors: Partial<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431
}

function statusOf ({ code = '', reason }: ParserError): number {
  // Under the same code the parser reports what is no version at all.
  if (reason === 'Invalid HTTP version') return 505
  return parserErrors[code] ?? 400
}

function hold (
  connection: Connection, listener: SiteListener, request: IncomingMessage, response: SiteResponse
): void {
  (connection.held ??= []).push(() => {
    // It may have been answered for while it waited.
    if (!response.writableEnded && !request.socket.destroyed) listener(request, response)
  })
  connection.socket?.pause()
}

/** Node counts 0 as no limit, and knows no other word for it. */
function limit (time: number): number {
  return time === Infinity ? 0 : Math.round(time)
}
