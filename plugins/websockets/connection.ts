/**
 * One end of a websocket: messages in, messages out, heartbeat, close handshake.
 *
 * Knows neither HTTP nor Fastify: whoever has opened the connection calls `attach()`. What aiohttp's server and
 * client websockets have in common is here.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import {
  AIO_ERR_ARGUMENT_INVALID, AIO_ERR_WS_CLOSED, AIO_ERR_WS_HEARTBEAT, AIO_ERR_WS_MESSAGE_TYPE,
  AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_RECEIVING
} from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import { Heartbeat } from './heartbeat.ts'
import { Inbox } from './inbox.ts'
import { Message, typeName, WSCloseCode, WSMsgType, type WSMessage } from './message.ts'
import {
  checkClose, checkTimeout, resolveWebSocketOptions, type CloseOptions, type ResolvedWebSocketOptions,
  type WebSocketOptions
} from './options.ts'
import { isBytes, Outbox, type Bytes, type SendOptions, type Write } from './outbox.ts'
import type { DeferredCloseSocket } from './socket.ts'

/** The stream below a websocket; network sockets count their bytes. */
export type Transport = Duplex & { readonly bytesRead?: number }

interface Attached {
  readonly socket: DeferredCloseSocket
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly heartbeat: Heartbeat | undefined
}

/** What server and client websockets share. */
export class WebSocketConnection implements AsyncIterable<WSMessage> {
  /** The options with their defaults. */
  readonly options: ResolvedWebSocketOptions
  #attached: Attached | undefined
  #closed = false
  #closeCode: number | null = null
  #exception: Error | null = null
  #peerCode: number | undefined
  #answerTimer: NodeJS.Timeout | undefined
  #receivedAfterEnd = 0

  constructor (where: string, options: WebSocketOptions) {
    this.options = resolveWebSocketOptions(where, options)
  }

  /** Whether the connection is open or was. */
  get prepared (): boolean {
    return this.#attached !== undefined
  }

  /** Whether the own side has closed or the connection is gone: nothing can be sent any more. */
  get closed (): boolean {
    return this.#closed
  }

  /** The peer's close code: 1005 if it sent none, 1006 if it went without closing; `null` while open. */
  get closeCode (): number | null {
    return this.#closeCode
  }

  /** The chosen subprotocol, or `null`. */
  get protocol (): string | null {
    return this.#attached?.socket.protocol || null
  }

  /** Whether messages may be compressed. */
  get compress (): boolean {
    return this.#attached !== undefined && this.#attached.socket.extensions !== ''
  }

  /** The error that ended the connection, or `null`. */
  exception (): Error | null {
    return this.#exception
  }

  /**
   * The next message. After the connection has ended CLOSED, four times; then it throws, to stop endless loops.
   *
   * @param timeout milliseconds, `null` for ever; an elapsed timeout leaves the connection open
   * @throws AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_RECEIVING, AIO_ERR_WS_RECEIVE_TIMEOUT, AIO_ERR_WS_CLOSED
   */
  async receive (timeout: number | null = this.options.receiveTimeout): Promise<WSMessage> {
    const { inbox } = this.#require('receive')
    checkTimeout('receive()', timeout)
    if (inbox.waiting) throw new AIO_ERR_WS_RECEIVING()
    if (inbox.drained && ++this.#receivedAfterEnd > 4) throw new AIO_ERR_WS_CLOSED('receive')
    const message = await inbox.take(timeout)
    if (message.type === WSMsgType.CLOSE && this.options.autoclose) this.#answerClose()
    return message
  }

  /** The next message, which must be text. @throws AIO_ERR_WS_MESSAGE_TYPE and what `receive()` throws */
  async receiveStr (timeout?: number | null): Promise<string> {
    const message = await this.receive(timeout)
    if (message.type === WSMsgType.TEXT) return String(message.data)
    throw new AIO_ERR_WS_MESSAGE_TYPE(typeName(message.type), 'TEXT')
  }

  /** The next message, which must be binary. @throws AIO_ERR_WS_MESSAGE_TYPE and what `receive()` throws */
  async receiveBytes (timeout?: number | null): Promise<Buffer> {
    const message = await this.receive(timeout)
    if (message.type === WSMsgType.BINARY) return message.data
    throw new AIO_ERR_WS_MESSAGE_TYPE(typeName(message.type), 'BINARY')
  }

  /** The next message, which must be JSON in text. @throws SyntaxError and what `receiveStr()` throws */
  async receiveJson<Value = unknown> (timeout?: number | null): Promise<Value> {
    return JSON.parse(await this.receiveStr(timeout))
  }

  /** Every message until the connection closes; ERROR is one of them. */
  [Symbol.asyncIterator] (): AsyncIterator<WSMessage, undefined> {
    return {
      next: async () => {
        const value = await this.receive()
        const { type } = value
        const ended = type === WSMsgType.CLOSE || type === WSMsgType.CLOSING || type === WSMsgType.CLOSED
        return ended ? { done: true, value: undefined } : { done: false, value }
      }
    }
  }

  /**
   * Sends text. Resolves at once while less than `writerLimit` bytes wait, otherwise when the socket has taken
   * it. A rejection because the connection has closed may be left unhandled.
   *
   * @throws AIO_ERR_WS_NOT_PREPARED, AIO_ERR_WS_CLOSED, AIO_ERR_ARGUMENT_INVALID
   */
  sendStr (data: string, options?: SendOptions): Promise<void> {
    if (typeof data !== 'string') return wrongData('data', 'sendStr()', 'a string', data)
    const compress = options?.compress ?? true
    return this.#send('send', data.length, (socket, sent) => {
      socket.send(data, { binary: false, compress }, sent as (error?: Error) => void)
    })
  }

  /** Sends bytes, which must not be changed until the promise is settled. As `sendStr()`. */
  sendBytes (data: Bytes, options?: SendOptions): Promise<void> {
    if (!isBytes(data)) return wrongData('data', 'sendBytes()', 'a Buffer, Uint8Array or ArrayBuffer', data)
    const compress = options?.compress ?? true
    return this.#send('send', data.byteLength, (socket, sent) => {
      socket.send(data, { binary: true, compress }, sent as (error?: Error) => void)
    })
  }

  /** Sends a value as JSON text. As `sendStr()`. */
  sendJson (data: unknown, options?: SendOptions): Promise<void> {
    const text: string | undefined = JSON.stringify(data)
    if (text === undefined) return wrongData('data', 'sendJson()', 'a value with a JSON form', data)
    return this.sendStr(text, options)
  }

  /** Sends a PING with at most 125 bytes. As `sendStr()`. */
  ping (data: string | Bytes = ''): Promise<void> {
    return this.#control('ping', data)
  }

  /** Sends a PONG with at most 125 bytes. As `sendStr()`. */
  pong (data: string | Bytes = ''): Promise<void> {
    return this.#control('pong', data)
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
    const { code = this.#peerCode ?? WSCloseCode.OK, message = '' } = options
    const gone = new Promise<void>(resolve => socket.once('close', () => resolve()))
    this.#shut()
    inbox.abandon()
    socket.answer(code, message)
    await gone
    return true
  }

  /** Drops the connection without a close frame. */
  terminate (): void {
    this.#attached?.socket.terminate()
  }

  /** Takes over an open websocket; call it in the turn it was opened, so that no message is lost. */
  protected attach (socket: DeferredCloseSocket, transport: Transport): void {
    const inbox = new Inbox(socket)
    const { heartbeat: interval, autoping, decodeText, writerLimit } = this.options
    const heartbeat = interval === null ? undefined : this.#startHeartbeat(interval, socket, transport, inbox)
    const outbox = new Outbox(socket, transport, writerLimit)
    this.#attached = { socket, inbox, outbox, heartbeat }

    const onControl = (type: typeof WSMsgType.PING | typeof WSMsgType.PONG, data: Buffer) => {
      heartbeat?.seen()
      if (autoping) inbox.touch()
      else inbox.push(new Message(type, data), data.length)
    }
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      heartbeat?.seen()
      inbox.push(isBinary
        ? new Message(WSMsgType.BINARY, data)
        : new Message(WSMsgType.TEXT, decodeText ? data.toString() : data), data.length)
    })
    socket.on('ping', data => onControl(WSMsgType.PING, data))
    socket.on('pong', data => onControl(WSMsgType.PONG, data))
    socket.on('error', error => this.#fail(error, inbox))
    socket.on('close', code => this.#onClose(code, inbox))
    socket.onPeerClose = (code, reason) => this.#onPeerClose(code, reason, inbox)
  }

  /** Called once, when the connection is gone. */
  protected onGone (): void {}

  #startHeartbeat (interval: number, socket: DeferredCloseSocket, transport: Transport, inbox: Inbox): Heartbeat {
    return new Heartbeat(interval, {
      get bytesRead () { return transport.bytesRead ?? 0 },
      get paused () { return inbox.paused },
      ping: () => { socket.ping() },
      fail: waited => {
        this.#fail(new AIO_ERR_WS_HEARTBEAT(waited), inbox)
        socket.terminate()
      }
    })
  }

  #require (action: string): Attached {
    if (this.#attached === undefined) throw new AIO_ERR_WS_NOT_PREPARED(action)
    return this.#attached
  }

  #send (action: string, bytes: number, write: Write): Promise<void> {
    if (this.#attached === undefined) return Promise.reject(new AIO_ERR_WS_NOT_PREPARED(action))
    return this.#attached.outbox.send(action, bytes, write)
  }

  #control (action: 'ping' | 'pong', data: string | Bytes): Promise<void> {
    const fits = typeof data === 'string' ? Buffer.byteLength(data) <= 125 : isBytes(data) && data.byteLength <= 125
    if (!fits) return wrongData('data', `${action}()`, 'a string or bytes, at most 125 bytes', data)
    return this.#send(action, 0, (socket, sent) => socket[action](data, undefined, sent as (error: Error) => void))
  }

  #onPeerClose (code: number, reason: string, inbox: Inbox): void {
    this.#peerCode = code
    this.#closeCode = code
    this.#attached?.heartbeat?.stop()
    inbox.push(new Message(WSMsgType.CLOSE, code, reason))
    inbox.end()
    // A handler that does not receive must not keep the peer waiting.
    if (this.options.autoclose) this.#answerTimer = setTimeout(() => this.#answerClose(), this.options.timeout)
  }

  #answerClose (): void {
    if (this.#closed || this.#attached === undefined) return
    this.#shut()
    this.#attached.socket.answer(this.#peerCode ?? WSCloseCode.OK, '')
  }

  /** From now on nothing is sent. */
  #shut (): void {
    this.#closed = true
    clearTimeout(this.#answerTimer)
    this.#attached?.heartbeat?.stop()
  }

  #fail (error: Error, inbox: Inbox): void {
    this.#exception = error
    this.#closeCode = WSCloseCode.ABNORMAL_CLOSURE
    this.#shut()
    inbox.push(new Message(WSMsgType.ERROR, error))
    inbox.end()
  }

  #onClose (code: number, inbox: Inbox): void {
    this.#shut()
    this.#closeCode = code
    inbox.end()
    this.onGone()
  }
}

function wrongData (argument: string, where: string, expected: string, value: unknown): Promise<never> {
  return Promise.reject(new AIO_ERR_ARGUMENT_INVALID(argument, where, expected, describe(value)))
}
