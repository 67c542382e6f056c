/**
 * From Node's `upgrade` event through the application's hooks and handler to a websocket, or to a plain answer.
 *
 * The request is routed like any other, with a response of its own. A handler that prepares a websocket takes
 * the socket over; from then on the end of the response is the end of the handler. One that does not is
 * answered as usual, and the connection goes back to HTTP for the next request.
 *
 * @module
 */

import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import type { Upgradable } from './handshake.ts'

/** Milliseconds a client has to take an answer to a handshake that failed. */
const lingerTimeout = 5000

/** Marks a raw request whose protocol can be switched. */
export const kUpgrade: unique symbol = Symbol('fastify-aiohttp upgrade')

/** What can be done with a request that asks for a websocket. */
export interface Upgrade extends Upgradable {
  readonly response: UpgradeResponse
}

declare module 'node:http' {
  interface IncomingMessage {
    [kUpgrade]?: Upgrade | undefined
  }
}

/** What the response tells the websocket that took its socket. */
export interface Session {
  /** The handler has ended; `failed` with a status of 400 or more. */
  handled (failed: boolean): void
  terminate (): void
}

/** Routes a handshake through the application; `unavailable` answers 503 instead. */
export function routeUpgrade (
  raw: IncomingMessage, socket: Duplex, head: Buffer,
  routing: (raw: IncomingMessage, response: ServerResponse) => void, unavailable: boolean
): void {
  const response = new UpgradeResponse(raw, socket, head)
  if (unavailable) {
    response.shouldKeepAlive = false
    response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end('503: Service Unavailable')
    return
  }
  raw[kUpgrade] = { raw, socket, head: withoutBody(raw, head), response }
  routing(raw, response)
}

/** The response to a handshake: an ordinary one until a websocket takes the socket. */
export class UpgradeResponse extends ServerResponse {
  readonly #socket: Duplex
  /** Takes all listeners off. Forgotten when a websocket takes the socket: many of them stay open for long. */
  #release: (() => void) | undefined
  #session: Session | undefined

  constructor (raw: IncomingMessage, socket: Duplex, head: Buffer) {
    super(raw)
    this.#socket = socket
    this.shouldKeepAlive = isReusable(raw, socket)
    // Typed for network sockets; injected requests come on other streams.
    this.assignSocket(socket as Socket)
    // Node has taken its own listeners off: without these an error would end the process, and an answer that
    // waits for the client to read would wait for ever.
    const onError = () => { socket.destroy() }
    const onDrain = () => { this.emit('drain') }
    const onFinish = () => {
      if (!this.shouldKeepAlive || !serverOf(socket)?.listening) return hangUp(socket)
      this.#detach()
      handBack(socket, head)
    }
    socket.on('error', onError)
    socket.on('drain', onDrain)
    this.on('finish', onFinish)
    this.#release = () => {
      socket.off('error', onError)
      socket.off('drain', onDrain)
      this.off('finish', onFinish)
    }
  }

  /** Gives the socket away. */
  switchTo (session: Session): void {
    this.#session = session
    this.#detach()
    this.statusCode = 101
  }

  /** Whether anybody waits for its end. */
  get awaited (): boolean {
    return this.listenerCount('finish') > 0 || this.listenerCount('close') > 0
  }

  /** The websocket is gone: whoever waits for the end of the response (access log, hooks) hears of it. */
  sessionOver (): void {
    this.emit('finish')
    this.emit('close')
  }

  override writeHead (statusCode: number, ...rest: unknown[]): this {
    if (this.#session === undefined) {
      Reflect.apply(super.writeHead, this, [statusCode, ...rest])
      if (rest.some(closes)) this.shouldKeepAlive = false
      return this
    }
    this.statusCode = statusCode
    return this
  }

  override write (...args: unknown[]): boolean {
    return this.#session === undefined ? Reflect.apply(super.write, this, args) : true
  }

  override end (...args: unknown[]): this {
    if (this.#session === undefined) return Reflect.apply(super.end, this, args)
    const failed = this.statusCode >= 400
    if (!failed) this.statusCode = 101
    this.finished = true
    this.#session.handled(failed)
    return this
  }

  override destroy (error?: Error): this {
    this.#session?.terminate()
    return super.destroy(error)
  }

  #detach (): void {
    this.#release?.()
    this.#release = undefined
    this.detachSocket(this.#socket as Socket)
  }
}

/** What came behind the body of a request; `checkHandshake()` refuses those whose body has not come yet. */
function withoutBody ({ headers }: IncomingMessage, head: Buffer): Buffer {
  const length = Number(headers['content-length'] ?? 0)
  if (length > head.length) return head
  headers['content-length'] &&= '0'
  return head.subarray(length)
}

/** Whether headers given to `writeHead()` say that the connection ends. */
function closes (headers: unknown): boolean {
  return typeof headers === 'object' && headers !== null && 'connection' in headers && headers.connection === 'close'
}

/** The server that accepted a network socket; Node keeps it there. */
function serverOf (socket: Duplex): Server | undefined {
  return (socket as { server?: Server }).server
}

/** Whether another request can follow: what comes behind this one must be the next and no body. */
function isReusable ({ httpVersion, headers }: IncomingMessage, socket: Duplex): boolean {
  const { connection = '', 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  const closes = connection.toLowerCase().split(',').some(token => token.trim() === 'close')
  return httpVersion === '1.1' && !closes && length === '0' && encoding === undefined &&
    serverOf(socket) !== undefined
}

/** Lets the server speak HTTP again on a socket that it had given away. */
function handBack (socket: Duplex, head: Buffer): void {
  if (socket.destroyed) return
  if (head.length > 0) socket.unshift(head)
  serverOf(socket)?.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket)
}

/** Ends a connection so that the client can read the answer, whatever it is still sending. */
function hangUp (socket: Duplex): void {
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerTimeout)
  socket.once('close', () => clearTimeout(timer))
}
