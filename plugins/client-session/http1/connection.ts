/**
 * A connection to a server: a socket that does one exchange after the other.
 *
 * @module
 */

import type { Socket } from 'node:net'
import { Exchange, type Answer, type ExchangeOptions, type Host } from './exchange.ts'

/** Who keeps the connection while nobody uses it. */
export interface Keeper {
  /** Its exchange is over. */
  onFree (connection: Connection, reusable: boolean): void
  /** It closed, whoever wanted that. */
  onClosed (connection: Connection): void
}

/** Milliseconds in which a server hardly closes a connection again: then one look at the socket is enough. */
const justUsed = 5

/** One socket, from its opening to its end. */
export class Connection implements Host {
  readonly socket: Socket
  readonly key: string
  /** When it was last used, as `performance.now()`. */
  idleSince = 0
  /** How many exchanges it has done. */
  uses = 0
  readonly #keeper: Keeper
  #exchange: Exchange | undefined
  #closed = false
  #detached = false
  readonly #onData = (data: Buffer) => {
    // Bytes nobody asked for: nothing that comes here can be trusted any more.
    if (this.#exchange === undefined) this.close()
    else this.#exchange.feed(data)
  }

  readonly #onEnd = () => {
    this.#exchange?.eof()
    this.close()
  }

  readonly #onError = (error: Error) => {
    this.#exchange?.lost(error)
    this.close()
  }

  readonly #onDrain = () => { this.#exchange?.drained() }

  constructor (socket: Socket, key: string, keeper: Keeper) {
    this.socket = socket
    this.key = key
    this.#keeper = keeper
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('close', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('drain', this.#onDrain)
  }

  /** Whether it can be used. */
  get open (): boolean {
    return !this.#closed && !this.socket.destroyed && this.socket.writable
  }

  /** Sends a request; resolves with the head of its response. */
  exchange (options: ExchangeOptions, onStart?: (exchange: Exchange) => void): Promise<Answer> {
    const exchange = new Exchange(this, options)
    this.#exchange = exchange
    onStart?.(exchange)
    return exchange.run(this.uses++ === 0 ? 0 : this.#roundsToWait())
  }

  /** The round that is under way may have looked before what matters came: no matter where nothing can have come. */
  #roundsToWait (): 1 | 2 {
    return performance.now() - this.idleSince < justUsed ? 1 : 2
  }

  finish (reusable: boolean): void {
    this.#exchange = undefined
    const keep = reusable && this.open
    if (!keep) this.close()
    this.#keeper.onFree(this, keep)
  }

  detach (): void {
    this.#detached = true
    this.#exchange = undefined
    this.socket.off('data', this.#onData)
    this.socket.off('end', this.#onEnd)
    this.socket.off('drain', this.#onDrain)
    // The listener for errors stays: one before the new owner listens must not end the process. And a socket
    // without a listener for data waits for the next one.
    this.socket.pause()
  }

  /** Ends what runs on it with an error, and closes it. */
  abort (error: Error): void {
    this.#exchange?.abort(error)
    this.close()
    if (this.#detached) this.socket.destroy()
  }

  /** Resolves when the socket is gone. */
  get ended (): Promise<void> {
    if (this.socket.closed) return Promise.resolve()
    return new Promise(resolve => { this.socket.once('close', () => { resolve() }) })
  }

  close (): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#detached) this.socket.destroy()
    this.#keeper.onClosed(this)
  }
}
