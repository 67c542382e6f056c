/**
 * `WebSocketResponse`: a websocket as the answer to a GET request, aiohttp's class.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify'
import { AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_PLUGIN, AIO_ERR_WS_PREPARED } from '../../lib/errors.ts'
import { Headers } from '../../lib/headers.ts'
import { HTTPServiceUnavailable } from '../exceptions/index.ts'
import { WebSocketConnection } from './connection.ts'
import { acceptHandshake, checkHandshake, selectProtocol } from './handshake.ts'
import { WSCloseCode } from './message.ts'
import type { WebSocketOptions } from './options.ts'
import type { OpenWebSocket, WebSocketRegistry } from './registry.ts'
import { kUpgrade } from './upgrade.ts'

/** What `canPrepare()` found. */
export interface WebSocketReady {
  /** Whether `prepare()` will succeed. */
  readonly ok: boolean
  /** The subprotocol it will choose, or `null`. */
  readonly protocol: string | null
}

/**
 * A websocket.
 *
 * @example
 * app.get('/echo', async request => {
 *   const ws = new WebSocketResponse({ heartbeat: 30_000 })
 *   await ws.prepare(request)
 *   for await (const message of ws) {
 *     if (message.type === WSMsgType.TEXT) await ws.sendStr(String(message.data))
 *   }
 *   return ws
 * })
 */
export class WebSocketResponse extends WebSocketConnection implements OpenWebSocket {
  /** Sent with the 101; set them before `prepare()`. */
  readonly headers = new Headers()
  #request: FastifyRequest | undefined
  #openedAt = 0
  #registry: WebSocketRegistry | undefined

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: WebSocketOptions = {}) {
    super('WebSocketResponse', options)
  }

  /** The request; before `prepare()` this throws AIO_ERR_WS_NOT_PREPARED. */
  get request (): FastifyRequest {
    if (this.#request === undefined) throw new AIO_ERR_WS_NOT_PREPARED('read the request')
    return this.#request
  }

  /** The pattern of the route. */
  get route (): string {
    return this.request.routeOptions.url ?? ''
  }

  /** When the websocket was opened, in milliseconds since 1970; 0 before. */
  get openedAt (): number {
    return this.#openedAt
  }

  // Fastify sends an object with these members as a response: a handler may return its websocket.
  get [Symbol.toStringTag] (): string {
    return 'Response'
  }

  /** Always 101. */
  get status (): number {
    return 101
  }

  /** Always `null`. */
  get body (): null {
    return null
  }

  /**
   * Whether a request is a handshake, without answering it.
   *
   * @throws AIO_ERR_WS_PREPARED
   */
  canPrepare (request: FastifyRequest): WebSocketReady {
    if (this.prepared) throw new AIO_ERR_WS_PREPARED()
    try {
      checkHandshake(request.raw)
    } catch {
      return { ok: false, protocol: null }
    }
    const ok = request.raw[kUpgrade] !== undefined && !request.server.websockets.closing
    return { ok, protocol: selectProtocol(request.raw, this.options.protocols) }
  }

  /**
   * Answers the handshake with 101 and opens the websocket.
   *
   * @throws HTTPBadRequest and HTTPUpgradeRequired for what is no handshake, HTTPServiceUnavailable during
   *   shutdown, AIO_ERR_WS_CLOSED when the client has gone, AIO_ERR_WS_PREPARED, AIO_ERR_WS_PLUGIN
   */
  async prepare (request: FastifyRequest): Promise<void> {
    if (this.prepared) throw new AIO_ERR_WS_PREPARED()
    checkHandshake(request.raw)
    const registry: WebSocketRegistry | undefined = request.server.websockets
    const upgrade = request.raw[kUpgrade]
    if (registry === undefined || upgrade === undefined) throw new AIO_ERR_WS_PLUGIN()
    if (registry.closing) throw new HTTPServiceUnavailable()

    const { options, headers } = this
    const protocol = selectProtocol(request.raw, options.protocols)
    if (protocol === null && request.headers['sec-websocket-protocol'] !== undefined) {
      request.log.warn({ offered: request.headers['sec-websocket-protocol'] },
        'Client protocols do not overlap server-known ones')
    }
    const socket = acceptHandshake(upgrade, { options, protocol, headers })
    upgrade.response.switchTo({
      handled: failed => this.#handled(failed),
      terminate: () => this.terminate()
    })
    delete request.raw[kUpgrade]
    socket.once('close', () => upgrade.response.sessionOver())
    this.#request = request
    this.#openedAt = Date.now()
    this.#registry = registry
    this.attach(socket, upgrade.socket)
    registry.add(this)
  }

  protected override onGone (): void {
    this.#registry?.delete(this)
  }

  #handled (failed: boolean): void {
    const done = this.closed || !failed ? this.close() : this.close({ code: WSCloseCode.INTERNAL_ERROR })
    // It can only reject for wrong options.
    done.catch(() => {})
  }
}
