/**
 * The pool of connections: how many there may be, who waits for one, which are kept.
 *
 * @module
 */

import type { Socket } from 'node:net'
import { AIO_ERR_OPTION_CONFLICT } from '../../../lib/errors.ts'
import { boolean, checkOptions, integer, milliseconds, type Shape } from '../../../lib/options.ts'
import { ClientConnectionError, ConnectionTimeoutError, TimeoutError } from '../errors.ts'
import { Connection } from '../http1/connection.ts'
import type { RequestUrl } from '../url/request-url.ts'
import type { RequestTrace } from '../tracing.ts'
import type { Watch } from '../watch.ts'
import { IdleConnections } from './idle-connections.ts'
import { TargetKeys, type ConnectTarget } from './target.ts'
import { Waiters } from './waiters.ts'

/** What every connector takes. */
export interface ConnectorOptions {
  /**
   * How many requests may use a connection at once; further ones wait in order. 0 for any number.
   *
   * @default 100
   */
  limit?: number
  /**
   * The same for one host, port and kind of connection.
   *
   * @default 0
   */
  limitPerHost?: number
  /**
   * How long an unused connection is kept, in milliseconds.
   *
   * @default 15_000
   */
  keepaliveTimeout?: number
  /**
   * Closes each connection after its request.
   *
   * @default false
   */
  forceClose?: boolean
}

export const connectorShape: Shape<ConnectorOptions> = {
  limit: integer(0), limitPerHost: integer(0), keepaliveTimeout: milliseconds, forceClose: boolean
}

/** How many connections there are, for a gauge or a test. */
export interface ConnectorStats {
  /** In use, those being opened included. */
  readonly used: number
  readonly idle: number
  /** Requests that wait for a connection. */
  readonly waiting: number
  /** Opened so far. */
  readonly opened: number
  /** Requests so far that took a connection that was open already. */
  readonly reused: number
}

/** Who asks for a connection, and how long that may take. */
export interface ConnectContext {
  readonly watch: Watch
  readonly trace: RequestTrace | undefined
  /** For everything up to the open connection, waiting included; in milliseconds, 0 for no limit. */
  readonly connect: number
  /** For one attempt to connect; in milliseconds, 0 for no limit. */
  readonly socketConnect: number
}

/** The part of a connection's opening that differs. */
export interface OpenContext {
  readonly signal: AbortSignal
  readonly trace: RequestTrace | undefined
  readonly socketConnect: number
}

/** What is said when connecting takes too long. */
export function connectionTimeout (url: RequestUrl, limit: number): ConnectionTimeoutError {
  return new ConnectionTimeoutError(`Connection timeout to host ${url.href}`,
    { cause: new TimeoutError(`Connecting took longer than ${limit} ms`) })
}

/** What connectors have in common. */
export abstract class BaseConnector {
  readonly forceClose: boolean
  readonly #keys = new TargetKeys()
  readonly #waiters: Waiters
  readonly #idle: IdleConnections
  readonly #used = new Set<Connection>()
  readonly #onDrained: (() => void)[] = []
  #opened = 0
  #reused = 0
  #closed = false

  constructor (options: ConnectorOptions = {}) {
    checkOptions(new.target.name, options, connectorShape)
    if (options.forceClose === true && options.keepaliveTimeout !== undefined) {
      throw new AIO_ERR_OPTION_CONFLICT('forceClose', 'keepaliveTimeout', new.target.name)
    }
    this.forceClose = options.forceClose ?? false
    this.#waiters = new Waiters(options.limit ?? 100, options.limitPerHost ?? 0)
    this.#idle = new IdleConnections(options.keepaliveTimeout ?? 15_000)
  }

  get closed (): boolean {
    return this.#closed
  }

  get stats (): ConnectorStats {
    return {
      used: this.#waiters.taken,
      idle: this.#idle.size,
      waiting: this.#waiters.size,
      opened: this.#opened,
      reused: this.#reused
    }
  }

  /** The schemes this connector can reach. */
  abstract readonly protocols: ReadonlySet<string>

  /** Opens a socket that is ready for HTTP. @throws ClientConnectorError and its kind */
  protected abstract open (target: ConnectTarget, context: OpenContext): Promise<Socket>

  /**
   * A connection for one exchange. It comes back by itself when the exchange is over.
   *
   * @throws ClientConnectorError and its kind, ConnectionTimeoutError, ClientConnectionError after close()
   */
  acquire (target: ConnectTarget, context: ConnectContext): Connection | Promise<Connection> {
    if (this.#closed) throw new ClientConnectionError('Connector is closed')
    const key = this.#keys.keyOf(target)
    if (!this.#waiters.take(key)) return this.#slowly(target, key, context, true)
    if (context.trace === undefined) {
      const idle = this.#takeIdle(key)
      if (idle !== undefined) return idle
    }
    return this.#slowly(target, key, context, false)
  }

  /** Resolves when nobody uses a connection, at the latest after `limit` milliseconds. */
  async drained (limit: number): Promise<void> {
    if (this.#waiters.taken === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, limit)
      this.#onDrained.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** Closes every connection; requests that still run fail. */
  async close (): Promise<void> {
    this.#closed = true
    this.#waiters.close()
    const connections = [...this.#idle.takeAll(), ...this.#used]
    await Promise.all(connections.map(async connection => {
      connection.abort(new ClientConnectionError('Connector is closed'))
      await connection.ended
    }))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.close()
  }

  async #slowly (
    target: ConnectTarget, key: string, context: ConnectContext, mustWait: boolean
  ): Promise<Connection> {
    const aborter = new AbortController()
    try {
      context.watch.during(error => { aborter.abort(error) })
    } catch (error) {
      if (!mustWait) this.#give(key)
      throw error
    }
    const timer = context.connect > 0
      ? setTimeout(() => {
        aborter.abort(connectionTimeout(target.url, context.connect))
      }, context.connect)
      : undefined
    try {
      if (mustWait) await this.#wait(key, aborter.signal, context.trace)
      return await this.#reuseOrOpen(target, key, context, aborter.signal)
    } finally {
      clearTimeout(timer)
    }
  }

  async #wait (key: string, signal: AbortSignal, trace: RequestTrace | undefined): Promise<void> {
    await trace?.connectionQueuedStart()
    await this.#waiters.wait(key, signal)
    try {
      await trace?.connectionQueuedEnd()
    } catch (error) {
      this.#give(key)
      throw error
    }
  }

  async #reuseOrOpen (
    target: ConnectTarget, key: string, { trace, socketConnect }: ConnectContext, signal: AbortSignal
  ): Promise<Connection> {
    try {
      signal.throwIfAborted()
      const idle = this.#takeIdle(key)
      if (idle !== undefined) {
        await trace?.connectionReuseconn()
        if (idle.open) return idle
        this.#used.delete(idle)
      }
      await trace?.connectionCreateStart()
      const socket = await this.open(target, { signal, trace, socketConnect })
      const connection = this.#adopt(socket, key)
      await trace?.connectionCreateEnd()
      return connection
    } catch (error) {
      this.#give(key)
      throw error
    }
  }

  #adopt (socket: Socket, key: string): Connection {
    const connection = new Connection(socket, key, {
      onFree: (freed, reusable) => { this.#release(freed, reusable) },
      onClosed: closed => {
        this.#idle.remove(closed)
        this.#release(closed, false)
      }
    })
    this.#opened++
    this.#used.add(connection)
    if (this.#closed) connection.abort(new ClientConnectionError('Connector is closed'))
    return connection
  }

  #takeIdle (key: string): Connection | undefined {
    const connection = this.#idle.take(key)
    if (connection === undefined) return undefined
    this.#reused++
    this.#used.add(connection)
    return connection
  }

  #release (connection: Connection, reusable: boolean): void {
    if (!this.#used.delete(connection)) return
    if (reusable && (this.forceClose || this.#closed)) connection.close()
    else if (reusable) this.#idle.put(connection)
    this.#give(connection.key)
  }

  #give (key: string): void {
    this.#waiters.give(key)
    if (this.#waiters.taken === 0) for (const listener of this.#onDrained.splice(0)) listener()
  }
}
