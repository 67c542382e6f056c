/**
 * `WebSocketResponse`: a websocket as the answer to a GET request, aiohttp's class.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import {
  AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_PLUGIN, AIO_ERR_WS_PREPARED, AIO_ERR_WS_STATUS
} from '../../lib/errors.ts'
import { Headers } from '../../lib/headers.ts'
import { WebSocketConnection } from '../../lib/websocket/connection.ts'
import { WSCloseCode } from '../../lib/websocket/message.ts'
import type { Delivery } from '../../lib/websocket/outbox.ts'
import { FrameSocket, type Agreed } from '../../lib/websocket/socket.ts'
import { HTTPBadRequest } from '../exceptions/index.ts'
import type { SharedMessage } from './broadcast.ts'
import { checkHandshake, checkOrigin, Handshakes, selectProtocol } from './handshake.ts'
import { resolveWebSocketOptions, type ResolvedWebSocketOptions, type WebSocketOptions } from './options.ts'
import type { OpenWebSocket } from './registry-options.ts'
import type { WebSocketRegistry } from './registry.ts'
import { ReturnedWebSocket } from './returned.ts'
import { kUpgrade, type Upgrade, type UpgradeResponse } from './upgrade.ts'

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
export class WebSocketResponse extends WebSocketConnection<ResolvedWebSocketOptions> implements OpenWebSocket {
  readonly #handshakes: Handshakes
  #headers: Headers | undefined
  #request: FastifyRequest | undefined
  #openedAt = 0
  #registry: WebSocketRegistry | undefined
  /** Whether the handler has not ended. */
  #handling = false
  /** Whose end is that of the websocket; nothing where nobody waits for it. */
  #response: UpgradeResponse | undefined

  /**
   * A route hands in what all its websockets share.
   *
   * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
   */
  constructor (options: WebSocketOptions | Handshakes = {}) {
    const handshakes = options instanceof Handshakes
      ? options
      : new Handshakes(resolveWebSocketOptions('WebSocketResponse', options))
    super(handshakes.options)
    this.#handshakes = handshakes
  }

  /** Sent with the 101; set them before `prepare()`. */
  get headers (): Headers {
    this.#headers ??= new Headers()
    return this.#headers
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

  /** 101 once it is prepared; it cannot be set. @throws AIO_ERR_WS_STATUS */
  get status (): number {
    // With 101 Fastify would not send what `body` is before that.
    return this.prepared ? 101 : 200
  }

  set status (_status: number) {
    throw new AIO_ERR_WS_STATUS()
  }

  /** A websocket has no other status. @throws AIO_ERR_WS_STATUS */
  setStatus (_status: number): never {
    throw new AIO_ERR_WS_STATUS()
  }

  /** `null`; of a websocket that is returned before it was prepared, what does that. */
  get body (): ReturnedWebSocket | null {
    return this.prepared ? null : new ReturnedWebSocket(raw => this.#prepareReturned(raw))
  }

  /** Nothing of it is read twice. */
  get bodyUsed (): boolean {
    return false
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
      checkOrigin(request.raw, request.host, this.options.origins ?? request.server.websockets.origins)
    } catch {
      return { ok: false, protocol: null }
    }
    const { websockets } = request.server
    const ok = request.raw[kUpgrade] !== undefined && !websockets.closing
    return { ok, protocol: selectProtocol(request.raw, this.options.protocols) }
  }

  /**
   * Answers the handshake with 101 and opens the websocket; nothing the second time.
   *
   * @throws HTTPBadRequest and HTTPUpgradeRequired for what is no handshake, HTTPForbidden for pages of other
   *   origins, HTTPServiceUnavailable during shutdown or when there are too many, HTTPTooManyRequests when there
   *   are too many from one address, AIO_ERR_WS_CLOSED when the client has gone, AIO_ERR_WS_PLUGIN
   */
  async prepare (request: FastifyRequest): Promise<void> {
    if (this.prepared) return
    checkHandshake(request.raw)
    const registry: WebSocketRegistry | undefined = request.server.websockets
    const upgrade = request.raw[kUpgrade]
    if (registry === undefined) throw new AIO_ERR_WS_PLUGIN()
    // Node 24.9 and later: a handshake with a body stays on the parser.
    if (upgrade === undefined) throw new HTTPBadRequest({ text: 'Handshake error: a body' })
    checkOrigin(request.raw, request.host, this.options.origins ?? registry.origins)
    if (request.server.hasDecorator('signals')) await request.server.signals.prepareResponse(request, this)
    registry.admit(request)
    const protocol = selectProtocol(request.raw, this.options.protocols)
    if (protocol === null && request.headers['sec-websocket-protocol'] !== undefined) {
      request.log.warn({ offered: request.headers['sec-websocket-protocol'] },
        'Client protocols do not overlap server-known ones')
    }
    const agreed = this.#handshakes.accept(upgrade, { protocol, headers: this.#headers })
    this.#request = request
    this.#openedAt = Date.now()
    this.#registry = registry
    this.#attachTo(upgrade, agreed)
    this.#handling = true
    registry.add(this, true)
  }

  /** Sends one of many receivers its share. @internal */
  deliver (message: SharedMessage): Delivery {
    const { outbox } = this
    return outbox === undefined || this.closed ? 'closed' : outbox.deliver(message)
  }

  /** Tells the registry that the handler has ended. @internal */
  handlerEnded (): void {
    if (this.#handling) this.#registry?.handlerEnded()
    this.#handling = false
  }

  /** A handler that returns it has ended: it is closed as soon as it is open. */
  #prepareReturned (raw: IncomingMessage): void {
    checkHandshake(raw)
    const upgrade = raw[kUpgrade]
    if (upgrade === undefined) throw new AIO_ERR_WS_PLUGIN()
    const protocol = selectProtocol(raw, this.options.protocols)
    this.#attachTo(upgrade, this.#handshakes.accept(upgrade, { protocol, headers: this.#headers }))
  }

  #attachTo ({ raw, socket, head, response }: Upgrade, agreed: Agreed): void {
    response.switchTo({
      handled: failed => this.#handled(failed),
      terminate: () => this.terminate()
    })
    this.#response = response
    // Not deleted: that would cost each request a shape of its own, as long as the websocket lives.
    raw[kUpgrade] = undefined
    this.attach(new FrameSocket(socket, head, this.#handshakes.settings, agreed))
  }

  /**
   * Forgets the response when nobody waits for its end: it is memory as long as the websocket is open. For routes
   * whose handlers have no reply. @internal
   */
  forgetResponse (): void {
    if (this.#response?.awaited === false) this.#response = undefined
  }

  protected override onGone (): void {
    this.#response?.sessionOver()
    this.#registry?.delete(this)
  }

  #handled (failed: boolean): void {
    const done = this.close({ code: failed ? WSCloseCode.INTERNAL_ERROR : WSCloseCode.OK })
    this.handlerEnded()
    // It can only reject for wrong options.
    done.catch(() => {})
  }
}
