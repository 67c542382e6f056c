/**
 * The client's end of a websocket on a connection that has been switched: frames in, frames out, closing.
 *
 * The `ws` package's own WebSocket opens its connection itself, past the pool, the cookies and the proxies of a
 * session; its parts that read and write frames do not.
 *
 * @module
 */

import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { translate, WebSocketError } from '../../../lib/websocket/errors.ts'
import { WSCloseCode } from '../../../lib/websocket/message.ts'
import { deflateName, Receiver, Sender, type Deflate, type FrameReader, type FrameWriter } from '../../../lib/websocket/parts.ts'
import type { FrameEvents, FrameSocket, SendFrame, Sent } from '../../../lib/websocket/socket.ts'

type Bytes = string | Buffer | Uint8Array | ArrayBuffer

/** What was agreed on, and limits. */
export interface ClientSocketOptions {
  /** Empty for none. */
  readonly protocol: string
  readonly deflate: Deflate | undefined
  /** The window of what is sent compressed; 0 when nothing is. */
  readonly windowBits: number
  /** Bytes a message may have; 0 for any number. */
  readonly maxPayload: number
  /** Answers PING with PONG. */
  readonly autoPong: boolean
  /** Milliseconds the peer has to answer a close frame. */
  readonly closeTimeout: number
}

/** As the server's socket, except that what it sends is masked (RFC 6455, section 5.3). */
export class ClientSocket extends EventEmitter<FrameEvents> implements FrameSocket {
  readonly OPEN = 1
  readonly protocol: string
  readonly windowBits: number
  readonly noContextTakeover = false
  onPeerClose: ((code: number, reason: string) => void) | undefined
  readonly #stream: Duplex
  readonly #options: ClientSocketOptions
  readonly #receiver: FrameReader
  readonly #sender: FrameWriter
  #open = true
  /** Bytes that are being compressed. */
  #compressing = 0
  #paused = false
  /** The peer's code, once it has closed. */
  #peerCode: number | undefined
  /** Whether nothing more of what comes is read. */
  #deaf = false
  #closeTimer: NodeJS.Timeout | undefined

  /** @param head what came right behind the handshake */
  constructor (stream: Duplex, head: Buffer, options: ClientSocketOptions) {
    super()
    const extensions = options.deflate === undefined ? {} : { [deflateName]: options.deflate }
    this.#stream = stream
    this.#options = options
    this.protocol = options.protocol
    this.windowBits = options.windowBits
    this.#receiver = new Receiver({ isServer: false, maxPayload: options.maxPayload, extensions })
    this.#sender = new Sender(stream, extensions)
    this.#listen()
    if (head.length > 0) stream.unshift(head)
    stream.resume()
  }

  get readyState (): number {
    return this.#open ? this.OPEN : this.OPEN + 1
  }

  get bufferedAmount (): number {
    return this.#stream.writableLength + this.#compressing
  }

  send (data: Bytes, { binary, compress }: SendFrame, sent?: (error?: Error) => void): void {
    const shrinks = compress && this.windowBits > 0
    const bytes = shrinks ? Buffer.byteLength(data) : 0
    this.#compressing += bytes
    this.#sender.send(data, { binary, compress: shrinks, fin: true, mask: true }, error => {
      this.#compressing -= bytes
      sent?.(error ?? undefined)
    })
  }

  ping (data: Bytes = '', _mask?: boolean, sent?: (error: Error) => void): void {
    this.#sender.ping(data, true, sent as Sent)
  }

  pong (data: Bytes = '', _mask?: boolean, sent?: (error: Error) => void): void {
    this.#sender.pong(data, true, sent as Sent)
  }

  answer (code: number, reason: string): void {
    if (!this.#open) return
    this.#open = false
    const sent = code === WSCloseCode.NO_STATUS_RECEIVED ? undefined : code
    this.#sender.close(sent, reason, true, error => {
      if (error == null && this.#deaf) this.#stream.end()
    })
    this.#closeTimer = setTimeout(() => this.#stream.destroy(), this.#options.closeTimeout)
  }

  terminate (): void {
    this.#open = false
    this.#stream.destroy()
  }

  pause (): void {
    this.#paused = true
    this.#stream.pause()
  }

  resume (): void {
    this.#paused = false
    if (!this.#receiver.writableNeedDrain || this.#deaf) this.#stream.resume()
  }

  #listen (): void {
    const stream = this.#stream
    const receiver = this.#receiver
    receiver.on('message', (data: Buffer, isBinary: boolean) => this.emit('message', data, isBinary))
    receiver.on('ping', (data: Buffer) => {
      if (this.#options.autoPong && this.#open) this.pong(data)
      this.emit('ping', data)
    })
    receiver.on('pong', (data: Buffer) => this.emit('pong', data))
    receiver.on('drain', () => { if (!this.#paused) stream.resume() })
    receiver.on('conclude', (code: number, reason: Buffer) => this.#onConclude(code, reason))
    receiver.on('error', (error: Error) => this.#onBroken(error))
    stream.on('data', this.#onData)
    stream.on('end', () => {
      this.#open = false
      receiver.end()
      stream.end()
    })
    // What was wrong with the connection; `close` follows.
    stream.on('error', () => {})
    stream.on('close', () => this.#onClose())
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#receiver.write(chunk)) this.#stream.pause()
  }

  /** The peer's close frame: the last thing that is read. */
  #onConclude (code: number, reason: Buffer): void {
    this.#peerCode = code
    this.#stopReading()
    if (this.#open) this.onPeerClose?.(code, String(reason))
    else this.#stream.end()
  }

  #onBroken (error: Error): void {
    this.#stopReading()
    const failure = translate(error)
    const code = failure instanceof WebSocketError ? failure.closeCode : WSCloseCode.PROTOCOL_ERROR
    // At once: whoever is told of the error may close the session in the same turn.
    this.answer(code, '')
    this.emit('error', error)
  }

  /** What still comes is thrown away, so that the end of the connection is seen. */
  #stopReading (): void {
    this.#deaf = true
    this.#stream.off('data', this.#onData)
    process.nextTick(() => this.#stream.resume())
  }

  #onClose (): void {
    const receiver = this.#receiver
    this.#open = false
    clearTimeout(this.#closeTimer)
    if (!this.#deaf) {
      // While reading was paused something may have come.
      const rest: Buffer | null = this.#stream.read()
      if (rest !== null) receiver.write(rest)
    }
    const gone = () => {
      receiver.removeAllListeners()
      this.#options.deflate?.cleanup()
      this.emit('close', this.#peerCode ?? WSCloseCode.ABNORMAL_CLOSURE, Buffer.alloc(0))
    }
    receiver.end()
    if (receiver.writableFinished || receiver.errored !== null) gone()
    else receiver.once('finish', gone).once('error', gone)
  }
}
