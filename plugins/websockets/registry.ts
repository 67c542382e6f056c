/**
 * Knows every open websocket of an app: by route, by group; sends to many; closes all.
 *
 * Knows neither Fastify nor the handshake; whoever opens a websocket adds it.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { AIO_ERR_ARGUMENT_INVALID, AIO_ERR_WS_CLOSED } from '../../lib/errors.ts'
import { checkOptions, describe } from '../../lib/options.ts'
import { HTTPServiceUnavailable, HTTPTooManyRequests } from '../exceptions/index.ts'
import { WSCloseCode } from '../../lib/websocket/message.ts'
import { checkClose, type CloseOptions } from '../../lib/websocket/options.ts'
import { isBytes, type Bytes } from '../../lib/websocket/writer.ts'
import { SharedMessage } from './broadcast.ts'
import { Groups } from './groups.ts'
import type { Origins } from './options.ts'
import {
  broadcastShape, timeoutShape, type BroadcastOptions, type BroadcastResult, type CloseAllOptions, type OpenWebSocket,
  type RegistryOptions, type Relay, type WebSocketCounts
} from './registry-options.ts'

/** The open websockets; iterates over them in the order they were opened. */
export class WebSocketRegistry implements Iterable<OpenWebSocket> {
  readonly #options: RegistryOptions
  readonly #open = new Set<OpenWebSocket>()
  readonly #addresses = new Map<string, number>()
  readonly #groups = new Groups<OpenWebSocket>()
  readonly #waiting = new Map<OpenWebSocket, () => void>()
  readonly #counts = { opened: 0, refused: 0, broadcasts: 0, delivered: 0, skipped: 0, dropped: 0 }
  /** How many handlers have not ended. */
  #handlers = 0
  #onIdle: (() => void) | undefined
  #relay: Relay | undefined
  /** Whether something was broadcast in this turn of the event loop. */
  #broadcasting = false
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

  /** @internal */
  get origins (): Origins {
    return this.#options.origins
  }

  [Symbol.iterator] (): IterableIterator<OpenWebSocket> {
    return this.#open.values()
  }

  /** Those of one route, named by its pattern. */
  * byRoute (pattern: string): IterableIterator<OpenWebSocket> {
    for (const websocket of this.#open) if (websocket.route === pattern) yield websocket
  }

  /** The members of a group, in the order they joined. */
  byGroup (group: string): IterableIterator<OpenWebSocket> {
    return this.#groups.members(group).values()
  }

  /** The groups of a websocket. */
  groupsOf (websocket: OpenWebSocket): IterableIterator<string> {
    return this.#groups.of(websocket).values()
  }

  /**
   * Makes an open websocket a member of a group, which begins with its first member. It leaves when it closes.
   *
   * @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_WS_CLOSED
   */
  join (websocket: OpenWebSocket, group: string): void {
    checkGroup('join()', group)
    if (!this.#open.has(websocket)) throw new AIO_ERR_WS_CLOSED('join a group')
    this.#groups.join(websocket, group)
  }

  /** Ends a membership; false if there was none. */
  leave (websocket: OpenWebSocket, group: string): boolean {
    return this.#groups.leave(websocket, group)
  }

  /**
   * Sends text or bytes to all members of a group, or with `null` to all websockets; with a backplane to those
   * of other processes too. At most once: who is slow, closed or beyond a lost backplane misses it.
   *
   * @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
   */
  broadcast (group: string | null, data: string | Bytes, options: BroadcastOptions = {}): BroadcastResult {
    const where = 'broadcast()'
    if (group !== null) checkGroup(where, group)
    if (typeof data !== 'string' && !isBytes(data)) {
      throw new AIO_ERR_ARGUMENT_INVALID('data', where, 'a string or bytes', describe(data))
    }
    checkOptions(where, options, broadcastShape)
    if (options.local !== true) this.#relay?.(group, data, options)
    return this.#broadcast(group, data, options)
  }

  /** Numbers for health checks and metrics. */
  counts (): WebSocketCounts {
    const routes: Record<string, number> = {}
    for (const { route } of this.#open) routes[route] = (routes[route] ?? 0) + 1
    return { open: this.#open.size, ...this.#counts, routes, groups: this.#groups.sizes() }
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
      const all = [...this.#open]
      const { closeInterval } = this.#options
      const size = this.#batchSize(all.length)
      const batches: Array<Promise<void>> = []
      let due = performance.now()
      for (let start = 0; start < all.length; start += size, due += closeInterval) {
        // Who is late because there is much to do catches up a little.
        const pause = Math.max(closeInterval / 2, due - performance.now())
        if (start > 0) await new Promise(resolve => setTimeout(resolve, pause))
        batches.push(this.#closeBatch(all.slice(start, start + size), rest, timeout))
      }
      await Promise.all(batches)
    } finally {
      this.#closing--
    }
  }

  /**
   * Closes all for good, with 1001, and waits `closeTimeout` more for handlers that have not ended: they may
   * still need what is cleaned up next. The same promise for every caller. @internal
   */
  shutdown (): Promise<void> {
    this.#shutdown ??= this.closeAll({ code: WSCloseCode.GOING_AWAY, message: 'Server shutdown' })
      .then(() => this.#handlersEnd())
    return this.#shutdown
  }

  /** Called once for each that was added with a handler. @internal */
  handlerEnded (): void {
    this.#handlers -= 1
    if (this.#handlers === 0) this.#onIdle?.()
  }

  async #handlersEnd (): Promise<void> {
    if (this.#handlers === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, this.#options.closeTimeout)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Lets one more in, or throws what it is told. @internal */
  admit (request: FastifyRequest): void {
    const { maxConnections, maxConnectionsPerAddress } = this.#options
    const full = maxConnections > 0 && this.#open.size >= maxConnections
    if (!full && !this.closing) {
      // Asked for where it is needed only: Node keeps what it found out about the peer.
      if (maxConnectionsPerAddress === 0) return
      if ((this.#addresses.get(request.ip) ?? 0) < maxConnectionsPerAddress) return
      this.#counts.refused++
      throw new HTTPTooManyRequests()
    }
    this.#counts.refused++
    throw new HTTPServiceUnavailable()
  }

  /** @param handled whether `handlerEnded()` will be called @internal */
  add (websocket: OpenWebSocket, handled: boolean): void {
    this.#open.add(websocket)
    if (handled) this.#handlers += 1
    this.#counts.opened++
    if (this.#options.maxConnectionsPerAddress > 0) this.#count(websocket.request.ip, 1)
  }

  /** @internal */
  delete (websocket: OpenWebSocket): void {
    if (!this.#open.delete(websocket)) return
    this.#groups.drop(websocket)
    if (this.#options.maxConnectionsPerAddress > 0) this.#count(websocket.request.ip, -1)
    this.#waiting.get(websocket)?.()
    this.#waiting.delete(websocket)
  }

  /** Sends broadcasts to other processes too; gives what takes theirs in. @internal */
  connect (relay: Relay): Relay {
    this.#relay = relay
    return (group, data, options) => { this.#broadcast(group, data, options) }
  }

  #broadcast (group: string | null, data: string | Bytes, options: BroadcastOptions): BroadcastResult {
    const receivers = group === null ? this.#open : this.#groups.members(group)
    const result = { sent: 0, skipped: 0, dropped: 0 }
    if (receivers.size > 0) {
      const message = new SharedMessage(data, options.compress, this.#isJoined())
      for (const websocket of receivers) {
        if (websocket === options.except) continue
        const delivery = websocket.deliver(message)
        if (delivery === 'sent') result.sent++
        else if (delivery === 'slow' && options.slow === 'drop') {
          result.dropped++
          websocket.terminate()
        } else if (delivery === 'slow') result.skipped++
      }
    }
    this.#counts.broadcasts++
    this.#counts.delivered += result.sent
    this.#counts.skipped += result.skipped
    this.#counts.dropped += result.dropped
    return result
  }

  /** Whether there was a broadcast in this turn already. */
  #isJoined (): boolean {
    if (this.#broadcasting) return true
    this.#broadcasting = true
    process.nextTick(() => { this.#broadcasting = false })
    return false
  }

  #count (address: string, change: number): void {
    const count = (this.#addresses.get(address) ?? 0) + change
    if (count > 0) this.#addresses.set(address, count)
    else this.#addresses.delete(address)
  }

  #batchSize (all: number): number {
    const { closeBatch, closeInterval, closeSpread } = this.#options
    if (closeSpread === null) return closeBatch
    return Math.max(1, Math.ceil(all / Math.max(1, Math.floor(closeSpread / closeInterval))))
  }

  async #closeBatch (batch: OpenWebSocket[], options: CloseOptions, timeout: number): Promise<void> {
    const open = batch.filter(websocket => this.#open.has(websocket))
    if (open.length === 0) return
    await new Promise<void>(resolve => {
      let left = open.length
      const timer = setTimeout(() => {
        for (const websocket of open) if (this.#open.has(websocket)) websocket.terminate()
      }, timeout)
      const onGone = () => {
        left -= 1
        if (left > 0) return
        clearTimeout(timer)
        resolve()
      }
      for (const websocket of open) {
        this.#whenGone(websocket, onGone)
        // What a close rejects with shows as a socket that stays open, and is dropped above.
        websocket.close(options).catch(() => {})
      }
    })
  }

  #whenGone (websocket: OpenWebSocket, onGone: () => void): void {
    const before = this.#waiting.get(websocket)
    this.#waiting.set(websocket, before === undefined
      ? onGone
      : () => {
          before()
          onGone()
        })
  }
}

function checkGroup (where: string, group: unknown): void {
  if (typeof group !== 'string' || group === '') {
    throw new AIO_ERR_ARGUMENT_INVALID('group', where, 'a non-empty string', describe(group))
  }
}
