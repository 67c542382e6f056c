/**
 * aiohttp-sse's response: events to one client, until it leaves or the app stops.
 *
 * @module
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { AIO_ERR_RESPONSE_STATE } from '../../lib/errors.ts'
import { anything, checkOptions, integer, milliseconds, oneOf, string, type Shape } from '../../lib/options.ts'
import { replyOf, StreamResponse, type StreamResponseOptions } from '../responses/index.ts'
import { encodeEvent, type EventSeparator, type ServerSentEvent } from './event.ts'

/** Options of one stream of events. */
export interface EventSourceOptions extends StreamResponseOptions {
  /**
   * How often a comment is sent, in milliseconds, so that proxies keep the connection; 0 sends none.
   *
   * @default 15_000
   */
  pingInterval?: number | undefined
  /**
   * How long the client is to wait before it connects again, in milliseconds: sent first of all.
   *
   * @default not sent; browsers wait about three seconds
   */
  retry?: number | undefined
  /**
   * What ends a line.
   *
   * @default '\r\n'
   */
  separator?: EventSeparator | undefined
}

export const eventSourceShape: Shape<EventSourceOptions> = {
  headers: anything,
  reason: string,
  status: integer(200, 599),
  pingInterval: milliseconds,
  retry: integer(0),
  separator: oneOf('\r\n', '\n', '\r')
}

/** What knows all streams of an app. */
export interface EventSources {
  add (stream: EventSourceResponse): void
  delete (stream: EventSourceResponse): void
}

/** A stream of server-sent events (aiohttp-sse: `EventSourceResponse`, `sse_response()`). */
export class EventSourceResponse extends StreamResponse {
  /** What the client has seen last, of the header `Last-Event-ID`; '' when it comes for the first time. */
  lastEventId = ''
  readonly #pingInterval: number
  readonly #separator: EventSeparator
  readonly #retry: number | undefined
  readonly #over = new AbortController()
  #started: Promise<void> | undefined

  /** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (options: EventSourceOptions = {}) {
    checkOptions('EventSourceResponse', options, eventSourceShape)
    const { pingInterval, retry, separator, ...head } = options
    super(head)
    this.#pingInterval = pingInterval ?? 15_000
    this.#separator = separator ?? '\r\n'
    this.#retry = retry
    this.headers.set('content-type', 'text/event-stream')
    if (!this.headers.has('cache-control')) this.headers.set('cache-control', 'no-cache')
    // nginx would keep events back until its buffer is full.
    this.headers.set('x-accel-buffering', 'no')
  }

  /** Aborts when the stream is over: the client has left, `stopStreaming()` was called, or the app stops. */
  get signal (): AbortSignal {
    return this.#over.signal
  }

  /** Whether events can be sent. */
  get connected (): boolean {
    return this.prepared && !this.#over.signal.aborted
  }

  /**
   * Sends the head, and begins to ping.
   *
   * @throws AIO_ERR_RESPONSE_STATE, AIO_ERR_RESPONSE_REPLY, AIO_ERR_RESPONSE_CLOSED
   */
  override prepare (request: FastifyRequest, reply: FastifyReply | undefined = replyOf(request)): Promise<void> {
    this.#started ??= this.#start(request, reply)
    return this.#started
  }

  /**
   * Sends an event; resolves when there is room for the next, so that a slow client slows its sender.
   *
   * @throws AIO_ERR_EVENT_FIELD, AIO_ERR_RESPONSE_STATE, AIO_ERR_RESPONSE_CLOSED
   */
  async send (data: unknown, event: Omit<ServerSentEvent, 'data'> = {}): Promise<void> {
    await this.sendEvent({ ...event, data })
  }

  /** Sends an event that has all its fields in one object. @throws as `send()` */
  async sendEvent (event: ServerSentEvent): Promise<void> {
    await this.write(encodeEvent(event, this.#separator))
  }

  /** Ends the stream; the client connects again unless it is answered 204 then. Does nothing the second time. */
  stopStreaming (): void {
    if (this.prepared) this.writeEof().catch(() => {})
    this.#over.abort()
  }

  /**
   * Resolves when the stream is over.
   *
   * @throws AIO_ERR_RESPONSE_STATE before `prepare()`
   */
  async wait (): Promise<void> {
    if (!this.prepared) throw new AIO_ERR_RESPONSE_STATE('wait', 'the response is not prepared yet')
    if (this.#over.signal.aborted) return
    await new Promise<void>(resolve => this.#over.signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  protected override onOver (): void {
    this.#over.abort()
  }

  async #start (request: FastifyRequest, reply: FastifyReply | undefined): Promise<void> {
    const id = request.headers['last-event-id']
    this.lastEventId = typeof id === 'string' ? id : ''
    await super.prepare(request, reply)
    const { server } = request
    const sources = server.hasDecorator('eventSources') ? server.eventSources : undefined
    const ping = this.#beginPing()
    this.#over.signal.addEventListener('abort', () => {
      clearInterval(ping)
      sources?.delete(this)
    })
    if (this.connected) sources?.add(this)
    if (this.#retry !== undefined && this.connected) await this.sendEvent({ retry: this.#retry })
  }

  #beginPing (): NodeJS.Timeout | undefined {
    if (this.#pingInterval === 0) return undefined
    const comment = `: ping${this.#separator}${this.#separator}`
    return setInterval(() => {
      if (this.connected) this.write(comment).catch(() => {})
    }, this.#pingInterval).unref()
  }
}
