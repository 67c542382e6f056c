/**
 * All open websockets of an application, and how they are closed together.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { checkOptions, milliseconds, type Shape } from '../../lib/options.ts'
import { WSCloseCode } from './message.ts'
import { checkClose, type CloseOptions } from './options.ts'

/** An open websocket, whoever opened it. */
export interface OpenWebSocket {
  /** The request it began with. */
  readonly request: FastifyRequest
  /** The pattern of its route, such as `/rooms/:id`. */
  readonly route: string
  /** When it was opened, in milliseconds since 1970. */
  readonly openedAt: number
  close (options?: CloseOptions): Promise<unknown>
  terminate (): void
}

/** Options of the registry. */
export interface RegistryOptions {
  /** Milliseconds each websocket has to answer the close frame. */
  closeTimeout: number
  /** How many are closed at once. */
  closeBatch: number
  /** Milliseconds between two batches. */
  closeInterval: number
}

/** How all websockets are closed. */
export interface CloseAllOptions extends CloseOptions {
  /**
   * Milliseconds each has to answer before its connection is dropped.
   *
   * @default the plugin's closeTimeout
   */
  timeout?: number
}

const timeoutShape: Shape<{ timeout?: number }> = { timeout: milliseconds }

/** The open websockets; iterates over them in the order they were opened. */
export class WebSocketRegistry implements Iterable<OpenWebSocket> {
  readonly #options: RegistryOptions
  readonly #open = new Set<OpenWebSocket>()
  readonly #waiting = new Map<OpenWebSocket, () => void>()
  #closing = 0
  #shutdown: Promise<void> | undefined

  constructor (options: RegistryOptions) {
    this.#options = options
  }

  /** How many are open. */
  get size (): number {
    return this.#open.size
  }

  /** Whether all are being closed: new ones get 503. */
  get closing (): boolean {
    return this.#closing > 0 || this.#shutdown !== undefined
  }

  [Symbol.iterator] (): IterableIterator<OpenWebSocket> {
    return this.#open.values()
  }

  /** Those of one route, named by its pattern. */
  * byRoute (pattern: string): IterableIterator<OpenWebSocket> {
    for (const websocket of this.#open) if (websocket.route === pattern) yield websocket
  }

  /**
   * Closes all: batch by batch, so that neither this process nor those the clients come back to are
   * overrun; each has `timeout` to answer. Handshakes get 503 until it is done. Does not fail.
   *
   * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
   */
  async closeAll (options: CloseAllOptions = {}): Promise<void> {
    const { timeout = this.#options.closeTimeout, ...rest } = options
    checkOptions('closeAll()', { timeout }, timeoutShape)
    checkClose('closeAll()', rest)
    this.#closing++
    try {
      const { closeBatch, closeInterval } = this.#options
      const all = [...this.#open]
      const batches: Array<Promise<void>> = []
      for (let start = 0; start < all.length; start += closeBatch) {
        if (start > 0) await new Promise(resolve => setTimeout(resolve, closeInterval))
        batches.push(this.#closeBatch(all.slice(start, start + closeBatch), rest, timeout))
      }
      await Promise.all(batches)
    } finally {
      this.#closing--
    }
  }

  /** Closes all for good, with 1001; the same promise for every caller. @internal */
  shutdown (): Promise<void> {
    this.#shutdown ??= this.closeAll({ code: WSCloseCode.GOING_AWAY, message: 'Server shutdown' })
    return this.#shutdown
  }

  /** @internal */
  add (websocket: OpenWebSocket): void {
    this.#open.add(websocket)
  }

  /** @internal */
  delete (websocket: OpenWebSocket): void {
    this.#open.delete(websocket)
    this.#waiting.get(websocket)?.()
    this.#waiting.delete(websocket)
  }

  async #closeBatch (batch: OpenWebSocket[], options: CloseOptions, timeout: number): Promise<void> {
    const open = batch.filter(websocket => this.#open.has(websocket))
    const gone = Promise.all(open.map(websocket => this.#gone(websocket)))
    for (const websocket of open) {
      // What a close rejects with shows as a socket that stays open, and is dropped below.
      websocket.close(options).catch(() => {})
    }
    const timer = setTimeout(() => {
      for (const websocket of open) if (this.#open.has(websocket)) websocket.terminate()
    }, timeout)
    await gone
    clearTimeout(timer)
  }

  #gone (websocket: OpenWebSocket): Promise<void> {
    return new Promise(resolve => {
      const before = this.#waiting.get(websocket)
      this.#waiting.set(websocket, () => {
        before?.()
        resolve()
      })
    })
  }
}
