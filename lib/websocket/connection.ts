/**
 * One end of a websocket: messages in, messages out, heartbeat, close handshake.
 *
 * Knows neither HTTP nor Fastify: whoever has opened the connection calls `attach()`. What aiohttp's server and
 * client websockets have in common is here.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import { AIO_ERR_WS_MESSAGE_TYPE, AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_RECEIVING } from '../errors.ts'
import { translate, WebSocketError } from './errors.ts'
import { serverFailures, type Failures } from './failures.ts'
import { Heartbeat } from './heartbeat.ts'
import { Inbox } from './inbox.ts'
import { Message, typeName, WSCloseCode, WSMsgType, type WSMessage } from './message.ts'
import {
  checkClose, checkReceive, type CloseOptions, type ReceiveOptions, type ResolvedConnectionOptions
} from './options.ts'
import { Outbox } from './outbox.ts'
import { RateLimit } from './rate-limit.ts'
import { WebSocketSender } from './sender.ts'
import type { FrameSocket } from './socket.ts'

/** The stream below a websocket; network sockets count their bytes. */
export type Transport = Duplex & { readonly bytesRead?: number }

interface Attached {
  readonly socket: FrameSocket
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly heartbeat: Heartbeat | undefined
}

/** What server and client websockets share. */
export class WebSocketConnection<Options extends ResolvedConnectionOptions = ResolvedConnectionOptions>
  extends WebSocketSender implements AsyncIterable<WSMessage> {
  /** The options with their defaults. */
  readonly options: Options
  #attached: Attached | undefined
  #closed = false
  #closeCode: number | null = null
  #exception: Error | null = null
  #peerCode: number | undefined
  #answerTimer: NodeJS.Timeout | undefined
  #receivedAfterEnd = 0

  constructor (options: Options) {
    super()
    this.options = options
  }

  /** Whether the connection is open or was. */
  get prepared (): boolean {
    return this.#attached !== undefined
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
    return this.#attached?.socket.protocol || null
  }

  /** The window of what is sent compressed, as a power of two from 9 to 15; 0 when nothing is compressed. */
  get compress (): number {
    return this.#attached?.socket.windowBits ?? 0
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
  async receive (options?: ReceiveOptions | number | null): Promise<WSMessage> {
    const { inbox } = this.#require('receive')
    const { timeout = this.options.receiveTimeout, signal } = checkReceive('receive()', options)
    if (inbox.waiting) throw new AIO_ERR_WS_RECEIVING()
    if (inbox.drained && ++this.#receivedAfterEnd > 4) throw this.failures.closed('receive')
    const message = await inbox.take(timeout, signal)
    if (message.type === WSMsgType.CLOSE) {
      this.#closeCode = message.data
      if (this.options.autoclose) this.#answerClose()
    }
    return message
  }

  /** The next message, which must be text. @throws AIO_ERR_WS_MESSAGE_TYPE and what `receive()` throws */
  async receiveStr (options?: ReceiveOptions | number | null): Promise<string> {
    const message = await this.receive(options)
    if (message.type === WSMsgType.TEXT) return String(message.data)
    throw new AIO_ERR_WS_MESSAGE_TYPE(typeName(message.type), 'TEXT')
  }

  /** The next message, which must be binary. @throws AIO_ERR_WS_MESSAGE_TYPE and what `receive()` throws */
  async receiveBytes (options?: ReceiveOptions | number | null): Promise<Buffer> {
    const message = await this.receive(options)
    if (message.type === WSMsgType.BINARY) return message.data
    throw new AIO_ERR_WS_MESSAGE_TYPE(typeName(message.type), 'BINARY')
  }

  /** The next message, which must be JSON in text. @throws SyntaxError and what `receiveStr()` throws */
  async receiveJson<Value = unknown> (options?: ReceiveOptions | number | null): Promise<Value> {
    return JSON.parse(await this.receiveStr(options))
  }

  /** Every message until the connection closes; ERROR is one of them. */
  [Symbol.asyncIterator] (): AsyncIterator<WSMessage, undefined> {
    return {
      next: () => this.receive().then(toResult)
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
    const { socket, inbox } = this.#require('close')
    checkClose('close()', options)
    if (this.#closed) return false
    const { code = this.#answerCode, message = '' } = options
    const gone = new Promise<void>(resolve => socket.once('close', () => resolve()))
    const asked = performance.now()
    this.#shut()
    inbox.abandon()
    socket.answer(code, message)
    await gone
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
    this.#attached?.socket.terminate()
  }

  /** Takes over an open websocket; call it in the turn it was opened, so that no message is lost. */
  protected attach (socket: FrameSocket, transport: Transport): void {
    const inbox = new Inbox(socket, this.failures)
    const { heartbeat: interval, autoping, decodeText, writerLimit, rateLimit } = this.options
    const rate = rateLimit === null ? undefined : new RateLimit(rateLimit)
    const heartbeat = interval === null ? undefined : this.#startHeartbeat(interval, socket, transport, inbox)
    const outbox = new Outbox(socket, transport, writerLimit, this.failures)
    this.#attached = { socket, inbox, outbox, heartbeat }

    const onControl = (type: typeof WSMsgType.PING | typeof WSMsgType.PONG, data: Buffer) => {
      heartbeat?.seen()
      if (rate?.exceeded()) this.#tooFast(inbox)
      else if (autoping) inbox.touch()
      else inbox.push(new Message(type, data), data.length)
    }
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      heartbeat?.seen()
      if (rate?.exceeded()) return this.#tooFast(inbox)
      inbox.push(isBinary
        ? new Message(WSMsgType.BINARY, data)
        : new Message(WSMsgType.TEXT, decodeText ? data.toString() : data), data.length)
    })
    socket.on('ping', data => onControl(WSMsgType.PING, data))
    socket.on('pong', data => onControl(WSMsgType.PONG, data))
    socket.on('error', error => this.#fail(translate(error), inbox))
    socket.on('close', code => this.#onClose(code, inbox))
    socket.onPeerClose = (code, reason) => this.#onPeerClose(code, reason, inbox)
  }

  protected override get outbox (): Outbox | undefined {
    return this.#attached?.outbox
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

  #startHeartbeat (interval: number, socket: FrameSocket, transport: Transport, inbox: Inbox): Heartbeat {
    return new Heartbeat(interval, {
      get bytesRead () { return transport.bytesRead ?? 0 },
      get paused () { return inbox.paused },
      ping: () => { socket.ping() },
      fail: waited => {
        this.#fail(this.failures.silent(waited), inbox)
        socket.terminate()
      }
    })
  }

  #require (action: string): Attached {
    if (this.#attached === undefined) throw new AIO_ERR_WS_NOT_PREPARED(action)
    return this.#attached
  }

  #onPeerClose (code: number, reason: string, inbox: Inbox): void {
    this.#peerCode = code
    this.#attached?.heartbeat?.stop()
    inbox.push(new Message(WSMsgType.CLOSE, code, reason))
    inbox.end()
    // A handler that does not receive must not keep the peer waiting.
    if (this.options.autoclose) this.#answerTimer = setTimeout(() => this.#answerClose(), this.options.timeout)
  }

  #answerClose (): void {
    if (this.#closed || this.#attached === undefined) return
    this.#shut()
    this.#attached.socket.answer(this.#answerCode, '')
  }

  get #answerCode (): number {
    return this.#peerCode === undefined ? WSCloseCode.OK : this.answerTo(this.#peerCode)
  }

  /** From now on nothing is sent. */
  #shut (): void {
    this.#closed = true
    clearTimeout(this.#answerTimer)
    this.#attached?.heartbeat?.stop()
  }

  #tooFast (inbox: Inbox): void {
    if (this.#closed || this.#attached === undefined) return
    const reason = 'Too many messages'
    this.#fail(new WebSocketError(WSCloseCode.POLICY_VIOLATION, reason), inbox)
    this.#attached.socket.answer(WSCloseCode.POLICY_VIOLATION, reason)
  }

  #fail (error: Error, inbox: Inbox): void {
    this.#exception = error
    this.#closeCode = this.codeAfter(error)
    this.#shut()
    inbox.push(new Message(WSMsgType.ERROR, error))
    inbox.end()
  }

  #onClose (code: number, inbox: Inbox): void {
    if (code === WSCloseCode.ABNORMAL_CLOSURE && !this.#closed) this.#exception ??= this.failures.broken()
    this.#shut()
    this.#closeCode = this.#exception === null ? code : this.codeAfter(this.#exception)
    inbox.end()
    this.onGone()
  }
}

function toResult (value: WSMessage): IteratorResult<WSMessage, undefined> {
  const { type } = value
  const ended = type === WSMsgType.CLOSE || type === WSMsgType.CLOSING || type === WSMsgType.CLOSED
  return ended ? { done: true, value: undefined } : { done: false, value }
}
