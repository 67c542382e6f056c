/**
 * One request and its response on one connection.
 *
 * @module
 */

import type { Duplex } from 'node:stream'
import {
  ClientConnectionError, ClientError, ClientOSError, ClientPayloadError, ServerDisconnectedError, SocketTimeoutError
} from '../errors.ts'
import { framingOf, type BodyDecoder } from './body.ts'
import { BadHttpMessage } from './errors.ts'
import { HeadParser, type HeadLimits, type ResponseHead } from './head.ts'
import { IncomingBody } from './incoming-body.ts'
import { Patience } from './patience.ts'
import { Upload, type Outgoing } from './upload.ts'

/** What is sent, and how the answer is read. */
export interface ExchangeOptions extends Outgoing {
  readonly method: string
  readonly limits: HeadLimits
  /** Whether the socket is wanted when the server switches protocols, or opens a tunnel. */
  readonly upgrade: boolean
  readonly readUntilEof: boolean
  /** From how many unread bytes on the server has to wait. */
  readonly readBufferSize: number
  /** How many bytes of a body are taken, before decompression. */
  readonly maxBodySize: number
  /** Milliseconds of silence from the server; 0 for no limit. It starts when the body is sent. */
  readonly socketRead: number
  /** Milliseconds of silence in both directions; 0 for no limit. */
  readonly idle: number
  /** Milliseconds the server may take nothing of the body; 0 for no limit. */
  readonly write: number
}

/** The beginning of a response. */
export interface Answer {
  readonly head: ResponseHead
  readonly body: IncomingBody
  /** The socket, when the server has switched protocols, and what came behind the head. */
  readonly upgraded: { socket: Duplex, rest: Buffer } | undefined
}

/** What a connection does for its exchange. */
export interface Host {
  readonly socket: Duplex
  /** The exchange is over; the connection goes back to the pool when it is `reusable`, else it is closed. */
  finish (reusable: boolean): void
  /** The socket belongs to somebody else from now on. */
  detach (): void
}

/** How many responses may come before the one that counts: each of them begins the wait for the server anew. */
const maxInterim = 100

/** Created for each request; `run()` resolves with the head of the response. */
export class Exchange {
  readonly body: IncomingBody
  readonly #host: Host
  readonly #options: ExchangeOptions
  readonly #upload: Upload
  readonly #read: Patience | undefined
  readonly #idle: Patience | undefined
  readonly #write: Patience | undefined
  #parser: HeadParser
  #decoder: BodyDecoder | undefined
  #state: 'head' | 'body' | 'over' = 'head'
  #started = false
  #uploaded = false
  #keepAlive = true
  #interim = 0
  #resolve!: (answer: Answer) => void
  #reject!: (error: Error) => void

  constructor (host: Host, options: ExchangeOptions) {
    this.#host = host
    this.#options = options
    this.#parser = new HeadParser(options.limits)
    this.body = new IncomingBody({
      pause: () => { this.#pause() },
      resume: () => { this.#resume() },
      stop: () => { this.abort(new ClientError('The response was closed')) }
    }, options.readBufferSize, options.maxBodySize)
    this.#upload = new Upload(host.socket, options, {
      onBlocked: () => { this.#write?.touch() },
      onProgress: () => {
        this.#write?.stop()
        this.#idle?.touch()
      },
      onDone: () => { this.#onUploaded() },
      onFailed: error => {
        this.abort(error instanceof ClientError
          ? error
          : new ClientConnectionError(`Failed to send bytes into the underlying connection: ${error.message}`,
            { cause: error }))
      }
    })
    const { socketRead, idle, write } = options
    if (socketRead > 0) this.#read = this.#patience(socketRead, 'Timeout on reading data from socket')
    if (idle > 0) this.#idle = this.#patience(idle, 'Timeout: nothing was sent or received')
    if (write > 0) this.#write = this.#patience(write, 'Timeout on writing data to socket')
  }

  readonly #listeners: (() => void)[] = []

  /** Whether nothing more will be sent or received. */
  get over (): boolean {
    return this.#state === 'over'
  }

  /** Calls back at the end, whatever it is; at once when it has been. */
  onOver (listener: () => void): void {
    if (this.over) listener()
    else this.#listeners.push(listener)
  }

  /** Whether something may have been sent. */
  get started (): boolean {
    return this.#started
  }

  /**
   * Sends the request, some rounds of the event loop from now: each looks at every socket, so that a connection that
   * the server has closed meanwhile is found out before anything is sent on it.
   */
  run (rounds: number): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#startIn(rounds)
    })
  }

  #startIn (rounds: number): void {
    if (rounds === 0) this.#start()
    else setImmediate(() => { this.#startIn(rounds - 1) })
  }

  #start (): void {
    if (this.#state === 'over') return
    this.#started = true
    this.#idle?.touch()
    try {
      this.#upload.start()
    } catch (error) {
      this.abort(error as Error)
    }
  }

  /** Bytes from the server. */
  feed (data: Buffer): void {
    if (!this.#started) {
      // An answer before the question: it belongs to the one before, or to nobody.
      this.abort(new ServerDisconnectedError())
      return
    }
    if (this.#uploaded) this.#read?.touch()
    this.#idle?.touch()
    try {
      for (let rest: Buffer | undefined = data; rest !== undefined && rest.length > 0;) rest = this.#take(rest)
    } catch (error) {
      if (this.#state === 'head') this.abort(error as Error)
      else this.abort(new ClientPayloadError('Response payload is not completed', { cause: error }), false)
    }
  }

  /** The server ended the connection. */
  eof (): void {
    if (this.#state === 'head') {
      this.abort(new ServerDisconnectedError(this.#parser.started
        ? `Server disconnected after ${JSON.stringify(this.#parser.partial.slice(0, 100))}`
        : undefined))
    } else if (this.#state === 'body') {
      try {
        this.#decoder?.end()
        this.#complete(false)
      } catch (error) {
        this.abort(new ClientPayloadError('Response payload is not completed', { cause: error }), false)
      }
    }
  }

  /** The socket failed. */
  lost (error: Error): void {
    const failure = new ClientOSError(error.message, { cause: error })
    if (this.#state === 'head') this.abort(failure)
    else this.abort(new ClientPayloadError('Response payload is not completed', { cause: failure }), false)
  }

  drained (): void {
    this.#upload.drained()
  }

  /** Ends it with an error; with `drop`, what has come of the body is not given out any more. */
  abort (error: Error, drop = true): void {
    if (this.#state === 'over') return
    const before = this.#state
    this.#over(false)
    if (before === 'head') this.#reject(error)
    else this.body.fail(error, drop)
  }

  #take (data: Buffer): Buffer | undefined {
    if (this.#state === 'head') return this.#takeHead(data)
    if (this.#state === 'over') return undefined
    const rest = this.#decoder?.feed(data, this.body)
    if (rest !== undefined && !this.over) this.#complete(rest.length === 0)
    return undefined
  }

  #takeHead (data: Buffer): Buffer | undefined {
    const found = this.#parser.feed(data)
    if (found === undefined) return undefined
    const { head, rest } = found
    const framing = framingOf(head, this.#options.method, this.#options.readUntilEof)
    this.#keepAlive &&= framing.keepAlive
    if (head.status < 200 && head.status !== 101) {
      if (++this.#interim > maxInterim) throw new BadHttpMessage('Too many interim responses')
      this.#parser = new HeadParser(this.#options.limits)
      if (head.status === 100 && this.#options.expectContinue && !this.#uploaded) this.#upload.continue()
      return rest
    }
    this.#decoder = framing.decoder
    if (this.#options.upgrade && isUpgrade(head.status, this.#options.method)) {
      this.#handOver(head, rest)
      return undefined
    }
    this.#state = 'body'
    if (this.#decoder === undefined) {
      // Before the head is given out: whoever awaits it finds the connection back in its pool.
      this.#complete(rest.length === 0 && head.status !== 101)
      this.#resolve({ head, body: this.body, upgraded: undefined })
      return undefined
    }
    this.#resolve({ head, body: this.body, upgraded: undefined })
    if (framing.length > this.#options.maxBodySize) this.body.refuse()
    return rest
  }

  #handOver (head: ResponseHead, rest: Buffer): void {
    this.#state = 'over'
    this.#stopTimers()
    this.#host.detach()
    this.body.end()
    for (const listener of this.#listeners) listener()
    this.#resolve({ head, body: this.body, upgraded: { socket: this.#host.socket, rest } })
  }

  #onUploaded (): void {
    this.#uploaded = true
    this.#write?.stop()
    if (this.#state !== 'over') this.#read?.touch()
  }

  #complete (reusable: boolean): void {
    this.#over(reusable && this.#keepAlive && this.#uploaded && this.#decoder?.dubious !== true)
    this.body.end()
  }

  #over (reusable: boolean): void {
    this.#state = 'over'
    this.#stopTimers()
    if (!this.#uploaded) this.#upload.stop()
    this.#host.finish(reusable)
    for (const listener of this.#listeners) listener()
  }

  #pause (): void {
    if (this.#state === 'over') return
    this.#host.socket.pause()
    this.#read?.stop()
    this.#idle?.stop()
  }

  #resume (): void {
    if (this.#state === 'over') return
    this.#read?.touch()
    this.#idle?.touch()
    this.#host.socket.resume()
  }

  #stopTimers (): void {
    this.#read?.stop()
    this.#idle?.stop()
    this.#write?.stop()
  }

  #patience (limit: number, message: string): Patience {
    return new Patience(limit, () => { this.abort(new SocketTimeoutError(message), false) })
  }
}

function isUpgrade (status: number, method: string): boolean {
  return status === 101 || (method === 'CONNECT' && status < 300)
}
