/**
 * A websocket on a stream that has been switched to it, of either end: frames in, frames out, closing.
 *
 * The `ws` package's own WebSocket answers a close frame while messages that came before it still wait to be handled
 * (RFC 6455, section 5.5.1 lets an endpoint delay its answer), and as a client it opens its connection itself. Of its
 * parts, those that are needed are made when they are needed: there may be very many sockets, and most are silent.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import { translate, WebSocketError } from './errors.ts'
import { WSCloseCode } from './message.ts'
import type { Deflate } from './parts.ts'
import { FrameReader, type ReaderEvents, type ReaderSettings } from './reader.ts'
import { FrameWriter, type Bytes, type SendFrame, type Sent } from './writer.ts'

/** What happens on a socket, told to whoever owns it: one table serves all owners of a class. */
export interface FrameEvents<Owner> {
  message (owner: Owner, data: Buffer, isBinary: boolean): void
  ping (owner: Owner, data: Buffer): void
  pong (owner: Owner, data: Buffer): void
  /** The peer has closed; the owner then calls `answer()`. The code is 1005 if there was none. */
  closing (owner: Owner, code: number, reason: string): void
  /** A frame or message that breaks the protocol or a limit; `close` follows. */
  error (owner: Owner, error: Error): void
  /** The connection is gone: the peer's code, 1005 if it gave none, 1006 if it sent no close frame. */
  close (owner: Owner, code: number): void
}

/** What all sockets of a kind have in common. */
export interface SocketSettings extends ReaderSettings {
  /** Answers PING with PONG. */
  readonly autoPong: boolean
  /** Milliseconds the peer has to answer a close frame. */
  readonly closeTimeout: number
}

/** What was agreed on about compression. */
export interface Compression {
  readonly deflate: Deflate
  /** The window of what is sent, as a power of two. */
  readonly windowBits: number
  /** Whether each message is compressed on its own, so that others can be sent the same bytes. */
  readonly noContextTakeover: boolean
}

/** What the handshake ended with. */
export interface Agreed {
  /** Empty when none was chosen. */
  readonly protocol: string
  readonly compression: Compression | undefined
}

/** Where a stream carries its websocket, so that all can have the same listeners. */
const kSocket: unique symbol = Symbol('fastify-aiohttp websocket')

/** The stream below a websocket; network sockets count their bytes. */
export type Transport = Duplex & { readonly bytesRead?: number, [kSocket]?: FrameSocket }

/** Answers to PING that may wait for a peer that does not read; `ws` allows as many. */
const maxPendingPongs = 60

/** Frames in, frames out. */
export class FrameSocket {
  readonly stream: Transport
  readonly agreed: Agreed
  readonly #settings: SocketSettings
  #owner: unknown
  #events: FrameEvents<unknown> | undefined
  #reader: FrameReader<FrameSocket> | undefined
  #writer: FrameWriter | undefined
  #closeTimer: NodeJS.Timeout | undefined
  #pendingPongs = 0
  /** The peer's code, once it has closed. */
  #peerCode: number | undefined
  #open = true
  #paused = false
  /** Whether nothing more of what comes is read. */
  #deaf = false

  /** @param head what came right behind the handshake */
  constructor (stream: Duplex, head: Buffer, settings: SocketSettings, agreed: Agreed) {
    this.stream = stream
    this.agreed = agreed
    this.#settings = settings
    this.stream[kSocket] = this
    // Before anybody listens: it must not be told before the owner listens too.
    if (head.length > 0) stream.unshift(head)
    stream.on('data', FrameSocket.#onData)
    stream.on('end', FrameSocket.#onEnd)
    stream.on('error', FrameSocket.#onError)
    stream.on('close', FrameSocket.#onClose)
    stream.resume()
  }

  /** Whether frames can be sent. */
  get open (): boolean {
    return this.#open
  }

  /** Bytes that wait to be sent. */
  get bufferedAmount (): number {
    return this.#writer?.waiting ?? this.stream.writableLength
  }

  /** Sets who is told what happens, in the turn the socket was made. */
  listen<Owner> (owner: Owner, events: FrameEvents<Owner>): void {
    this.#owner = owner
    this.#events = events
  }

  /** Sends a message. */
  send (data: string | Bytes, options: SendFrame, sent?: Sent): void {
    this.#output.message(data, options, sent)
  }

  /** Sends a frame that others get, too; false where it has to be made for this one. */
  sendShared (bytes: Buffer): boolean {
    return this.#output.shared(bytes)
  }

  /** Sends a PING with at most 125 bytes. */
  ping (data: string | Bytes = '', sent?: Sent): void {
    this.#output.control('ping', data, sent)
  }

  /** Sends a PONG with at most 125 bytes. */
  pong (data: string | Bytes = '', sent?: Sent): void {
    this.#output.control('pong', data, sent)
  }

  /** Sends the own close frame; 1005 sends one without a code. */
  answer (code: number, reason: string): void {
    if (!this.#open) return
    this.#open = false
    this.#output.close(code, reason, error => {
      if (error == null && this.#deaf) this.stream.end()
    })
    this.#closeTimer = setTimeout(destroy, this.#settings.closeTimeout, this.stream)
  }

  /** Drops the connection. */
  terminate (): void {
    this.#open = false
    this.stream.destroy()
  }

  pause (): void {
    this.#paused = true
    this.stream.pause()
  }

  resume (): void {
    this.#paused = false
    if (this.#deaf || this.#reader?.full !== true) this.stream.resume()
  }

  get #output (): FrameWriter {
    this.#writer ??= new FrameWriter(this.stream, !this.#settings.isServer, this.agreed.compression?.deflate)
    return this.#writer
  }

  #read (chunk: Buffer): boolean {
    this.#reader ??= new FrameReader<FrameSocket>(
      this.#settings, this.agreed.compression?.deflate, this, FrameSocket.#readerEvents)
    return this.#reader.read(chunk)
  }

  #onPing (data: Buffer): void {
    if (this.#settings.autoPong && this.#open) {
      if (this.#pendingPongs === maxPendingPongs) return this.terminate()
      this.#pendingPongs += 1
      this.pong(data, () => { this.#pendingPongs -= 1 })
    }
    this.#events?.ping(this.#owner, data)
  }

  /** The peer's close frame: the last thing that is read. */
  #onConclude (code: number, reason: Buffer): void {
    this.#peerCode = code
    this.#stopReading()
    if (this.#open) this.#events?.closing(this.#owner, code, String(reason))
    else this.stream.end()
  }

  #onBroken (error: Error): void {
    this.#stopReading()
    const failure = translate(error)
    const code = failure instanceof WebSocketError ? failure.closeCode : WSCloseCode.PROTOCOL_ERROR
    if (!this.#open) this.stream.end()
    // Messages in the same packet came before the error: their handler answers first.
    else if (this.#settings.isServer) setImmediate(() => this.answer(code, ''))
    // At once: whoever is told of the error may close the session in the same turn.
    else this.answer(code, '')
    this.#events?.error(this.#owner, failure)
  }

  /** What still comes is thrown away, so that the end of the connection is seen. */
  #stopReading (): void {
    this.#deaf = true
    this.stream.off('data', FrameSocket.#onData)
    process.nextTick(resume, this.stream)
  }

  #onClosed (): void {
    this.#open = false
    clearTimeout(this.#closeTimer)
    // While reading was paused something may have come.
    const rest: Buffer | null = this.#deaf ? null : this.stream.read()
    if (rest !== null) this.#read(rest)
    const gone = () => {
      this.agreed.compression?.deflate.cleanup()
      this.#events?.close(this.#owner, this.#peerCode ?? WSCloseCode.ABNORMAL_CLOSURE)
    }
    if (this.#reader === undefined) gone()
    else this.#reader.end(gone)
  }

  static #onData (this: Transport, chunk: Buffer): void {
    const socket = this[kSocket]
    if (socket !== undefined && !socket.#read(chunk)) this.pause()
  }

  /** The peer has ended its side. */
  static #onEnd (this: Transport): void {
    const socket = this[kSocket]
    if (socket !== undefined) socket.#open = false
    if (!this.writableEnded) this.end()
  }

  /** What was wrong with the connection; `close` follows. */
  static #onError (this: Transport): void {
    this.destroy()
  }

  static #onClose (this: Transport): void {
    const socket = this[kSocket]
    if (socket !== undefined) socket.#onClosed()
  }

  static readonly #readerEvents: ReaderEvents<FrameSocket> = {
    message: (socket, data, isBinary) => socket.#events?.message(socket.#owner, data, isBinary),
    ping: (socket, data) => socket.#onPing(data),
    pong: (socket, data) => socket.#events?.pong(socket.#owner, data),
    conclude: (socket, code, reason) => socket.#onConclude(code, reason),
    error: (socket, error) => socket.#onBroken(error),
    drain: socket => { if (!socket.#paused) socket.stream.resume() }
  }
}

function resume (stream: Duplex): void {
  stream.resume()
}

function destroy (stream: Duplex): void {
  stream.destroy()
}
