/**
 * One end of a websocket: messages in, messages out, heartbeat, close handshake.
 *
 * Knows neither HTTP nor Fastify: whoever has opened the connection calls `attach()`. What aiohttp's server and
 * client websockets have in common is here.
 *
 * @module
 */

import { AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_RECEIVING } from '../errors.ts'
import { WebSocketError } from './errors.ts'
import { serverFailures, type Failures } from './failures.ts'
import { Heartbeat } from './heartbeat.ts'
import { Inbox, type InboxEvents } from './inbox.ts'
import { Message, WSCloseCode, WSMsgType, type WSMessage } from './message.ts'
import {
  checkClose, checkReceive, type CloseOptions, type ReceiveOptions, type ResolvedConnectionOptions
} from './options.ts'
import { Outbox } from './outbox.ts'
import { RateLimit } from './rate-limit.ts'
import { toResult, WebSocketReceiver, type MessageResult } from './receiver.ts'
import type { FrameEvents, FrameSocket } from './socket.ts'

/** What server and client websockets share. */
export class WebSocketConnection<Options extends ResolvedConnectionOptions = ResolvedConnectionOptions>
  extends WebSocketReceiver {
  /** The options with their defaults. */
  readonly options: Options
  #socket: FrameSocket | undefined
  #inbox: Inbox<this> | undefined
  #outbox: Outbox | undefined
  #heartbeat: Heartbeat | undefined
  #rate: RateLimit | undefined
  #closed = false
  #closeCode: number | null = null
  #exception: Error | null = null
  #peerCode: number | undefined
  #answerTimer: NodeJS.Timeout | undefined
  /** Whoever waits in `close()`. */
  #closers: (() => void)[] | undefined
  #receivedAfterEnd = 0

  constructor (options: Options) {
    super()
    this.options = options
  }

  /** Whether the connection is open or was. */
  get prepared (): boolean {
    return this.#socket !== undefined
  }

  /** Whether the own side has closed or the connection is gone: nothing can be sent any more. */
  get closed (): boolean {
    return this.#closed
  }

  /**
   * The peer's close code: 1005 if it sent none, 1006 if it went without closing; `null` until its CLOSE is
   * received.
   */
  get closeCode (): number | null {
    return this.#closeCode
  }

  /** The chosen subprotocol, or `null`. */
  get protocol (): string | null {
    return this.#socket?.agreed.protocol || null
  }

  /** The window of what is sent compressed, as a power of two from 9 to 15; 0 when nothing is compressed. */
  get compress (): number {
    return this.#socket?.agreed.compression?.windowBits ?? 0
  }

  /** The error that ended the connection, or `null`. */
  exception (): Error | null {
    return this.#exception
  }

  /**
   * The next message. After the connection has ended CLOSED, four times; then it throws, to stop endless loops.
   *
   * @param options milliseconds to wait, `null` for ever, or an object; neither an elapsed timeout nor an
   *   aborted signal closes the connection
   * @throws AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_RECEIVING, AIO_ERR_WS_RECEIVE_TIMEOUT, AIO_ERR_WS_CLOSED, and the
   *   reason of the signal
   */
  receive (options?: ReceiveOptions | number | null): Promise<WSMessage> {
    // No async function: each that waits is memory, and very many may wait.
    try {
      const inbox = this.#toReceive()
      const { timeout = this.options.receiveTimeout, signal } = checkReceive('receive()', options)
      return inbox.take(timeout, signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  protected override nextResult (): Promise<MessageResult> {
    if (this.options.receiveTimeout !== null) return this.receive().then(toResult)
    try {
      return this.#toReceive().takeAs(toResult)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Sends a close frame and waits for the peer's, at most `timeout`; what it sent before is dropped. Whoever
   * waits in `receive()` gets CLOSING.
   *
   * @returns false if this side had closed already
   * @throws AIO_ERR_WS_NOT_PREPARED, AIO_ERR_OPTION_INVALID
   */
  async close (options: CloseOptions = {}): Promise<boolean> {
    const socket = this.#require('close')
    checkClose('close()', options)
    if (this.#closed) return false
    const { code = this.#answerCode, message = '' } = options
    const asked = performance.now()
    this.#shut()
    this.#inbox?.abandon()
    socket.answer(code, message)
    await new Promise<void>(resolve => { (this.#closers ??= []).push(resolve) })
    if (this.#peerCode === undefined && this.#closeCode === WSCloseCode.ABNORMAL_CLOSURE) {
      this.#exception ??= this.failures.closeUnanswered(performance.now() - asked, this.options.timeout)
    }
    return true
  }

  /** As `close()` once, when it is not closed yet: aiohttp's `write_eof()`. */
  async writeEof (): Promise<void> {
    await this.close()
  }

  /** Drops the connection without a close frame. */
  terminate (): void {
    this.#socket?.terminate()
  }

  /** Takes over an open websocket; call it in the turn it was opened, so that no message is lost. */
  protected attach (socket: FrameSocket): void {
    const { heartbeat, rateLimit } = this.options
    this.#socket = socket
    this.#inbox = new Inbox<this>(this, WebSocketConnection.#inboxEvents)
    if (rateLimit !== null) this.#rate = new RateLimit(rateLimit)
    if (heartbeat !== null) this.#heartbeat = this.#startHeartbeat(heartbeat, socket, this.#inbox)
    socket.listen<WebSocketConnection<Options>>(this, WebSocketConnection.#events)
  }

  protected override get outbox (): Outbox | undefined {
    if (this.#socket === undefined) return undefined
    this.#outbox ??= new Outbox(this.#socket, this.options.writerLimit, this.failures)
    return this.#outbox
  }

  /** The errors of this end. */
  protected get failures (): Failures {
    return serverFailures
  }

  /** The code that answers the peer's close frame. */
  protected answerTo (peerCode: number): number {
    return peerCode
  }

  /** The close code after an error. */
  protected codeAfter (_error: Error): number {
    return WSCloseCode.ABNORMAL_CLOSURE
  }

  /** Called once, when the connection is gone. */
  protected onGone (): void {}

  #startHeartbeat (interval: number, socket: FrameSocket, inbox: Inbox<this>): Heartbeat {
    return new Heartbeat(interval, {
      get bytesRead () { return socket.stream.bytesRead ?? 0 },
      get paused () { return inbox.paused },
      ping: () => { socket.ping() },
      fail: waited => {
        this.#fail(this.failures.silent(waited))
        socket.terminate()
      }
    })
  }

  #require (action: string): FrameSocket {
    if (this.#socket === undefined) throw new AIO_ERR_WS_NOT_PREPARED(action)
    return this.#socket
  }

  #toReceive (): Inbox<this> {
    const inbox = this.#inbox
    if (inbox === undefined) throw new AIO_ERR_WS_NOT_PREPARED('receive')
    if (inbox.waiting) throw new AIO_ERR_WS_RECEIVING()
    if (inbox.drained && ++this.#receivedAfterEnd > 4) throw this.failures.closed('receive')
    return inbox
  }

  #onMessage (data: Buffer, isBinary: boolean): void {
    this.#heartbeat?.seen()
    if (this.#rate?.exceeded() === true) return this.#tooFast()
    this.#inbox?.push(isBinary
      ? new Message(WSMsgType.BINARY, data)
      : new Message(WSMsgType.TEXT, this.options.decodeText ? data.toString() : data), data.length)
  }

  #onControl (type: typeof WSMsgType.PING | typeof WSMsgType.PONG, data: Buffer): void {
    this.#heartbeat?.seen()
    if (this.#rate?.exceeded() === true) this.#tooFast()
    else if (this.options.autoping) this.#inbox?.touch()
    else this.#inbox?.push(new Message(type, data), data.length)
  }

  #onPeerClose (code: number, reason: string): void {
    this.#peerCode = code
    this.#heartbeat?.stop()
    this.#inbox?.push(new Message(WSMsgType.CLOSE, code, reason))
    this.#inbox?.end()
    // A handler that does not receive must not keep the peer waiting.
    if (this.options.autoclose && !this.#closed) {
      this.#answerTimer = setTimeout(() => this.#answerClose(), this.options.timeout)
    }
  }

  /** Somebody has received a message. */
  #onTaken (message: WSMessage): void {
    if (message.type !== WSMsgType.CLOSE) return
    this.#closeCode = message.data
    if (this.options.autoclose) this.#answerClose()
  }

  #answerClose (): void {
    if (this.#closed) return
    this.#shut()
    this.#socket?.answer(this.#answerCode, '')
  }

  get #answerCode (): number {
    return this.#peerCode === undefined ? WSCloseCode.OK : this.answerTo(this.#peerCode)
  }

  /** From now on nothing is sent. */
  #shut (): void {
    this.#closed = true
    clearTimeout(this.#answerTimer)
    this.#heartbeat?.stop()
  }

  #tooFast (): void {
    if (this.#closed) return
    const reason = 'Too many messages'
    this.#fail(new WebSocketError(WSCloseCode.POLICY_VIOLATION, reason))
    this.#socket?.answer(WSCloseCode.POLICY_VIOLATION, reason)
  }

  #fail (error: Error): void {
    this.#exception = error
    this.#closeCode = this.codeAfter(error)
    this.#shut()
    this.#inbox?.push(new Message(WSMsgType.ERROR, error))
    this.#inbox?.end()
  }

  #onClose (code: number): void {
    if (code === WSCloseCode.ABNORMAL_CLOSURE && !this.#closed) this.#exception ??= this.failures.broken()
    this.#shut()
    this.#closeCode = this.#exception === null ? code : this.codeAfter(this.#exception)
    this.#inbox?.end()
    for (const resolve of this.#closers ?? []) resolve()
    this.onGone()
  }

  static readonly #inboxEvents: InboxEvents<WebSocketConnection> = {
    full: websocket => websocket.#socket?.pause(),
    free: websocket => websocket.#socket?.resume(),
    taken: (websocket, message) => websocket.#onTaken(message),
    late: (websocket, timeout) => websocket.failures.nothingReceived(timeout)
  }

  static readonly #events: FrameEvents<WebSocketConnection> = {
    message: (websocket, data, isBinary) => websocket.#onMessage(data, isBinary),
    ping: (websocket, data) => websocket.#onControl(WSMsgType.PING, data),
    pong: (websocket, data) => websocket.#onControl(WSMsgType.PONG, data),
    closing: (websocket, code, reason) => websocket.#onPeerClose(code, reason),
    error: (websocket, error) => websocket.#fail(error),
    close: (websocket, code) => websocket.#onClose(code)
  }
}
