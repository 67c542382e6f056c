/**
 * Server-sent events: `for await` in, events out; ended cleanly when the app stops (aiohttp-sse).
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { checkOptions, describe, integer } from '../../lib/options.ts'
import { replyOf } from '../responses/index.ts'
import type {} from '../signals/index.ts'
import { AIO_ERR_EVENT_SOURCE } from './errors.ts'
import type { ServerSentEvent } from './event.ts'
import { eventSourceShape, EventSourceResponse, type EventSourceOptions } from './response.ts'
import { Streams } from './streams.ts'

export { type EventSeparator, type ServerSentEvent } from './event.ts'
export { EventSourceResponse, type EventSourceOptions, type EventSources } from './response.ts'

/** Options of the sse plugin. */
export interface SSEOptions {
  /**
   * When the app stops each client is told to come back after a time of up to so many milliseconds, each another
   * one, so that not all of them come at once.
   *
   * @default 3000
   */
  reconnectSpread?: number | undefined
}

/** What a source of events knows of its client. */
export interface EventSourceContext {
  /** What the client has seen last; '' when it comes for the first time. */
  readonly lastEventId: string
  /** Aborts when the client has left or the app stops: the source ends then. */
  readonly signal: AbortSignal
}

/** Gives events: strings and other values are their data, a `ServerSentEvent` has the fields in `event`. */
export type EventSource = (request: FastifyRequest, context: EventSourceContext) =>
  AsyncIterable<ServerSentEvent | string> | Iterable<ServerSentEvent | string>

/** For a route of Fastify's own, or of `addRoutes()`. */
export type EventHandler = (request: FastifyRequest, reply?: FastifyReply) => Promise<unknown>

declare module 'fastify' {
  interface FastifyInstance {
    /** The streams that are open. */
    readonly eventSources: Streams
    /**
     * A handler that sends what `source` yields, one event each; it is ended when the client leaves.
     *
     * @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
     */
    sse (source: EventSource, options?: EventSourceOptions): EventHandler
  }
}

export default fp<SSEOptions>(async function sse (app, options) {
  checkOptions('the sse plugin', options, { reconnectSpread: integer(0) })
  const streams = new Streams(options.reconnectSpread ?? 3000)
  app.decorate('eventSources', streams)
  app.decorate('sse', eventHandler)
  app.signals.onPhase(phase => { if (phase === 'stopping') streams.stop() })
}, {
  name: 'sse',
  fastify: '5.x',
  dependencies: ['signals']
})

function eventHandler (this: FastifyInstance, source: EventSource, options: EventSourceOptions = {}): EventHandler {
  if (typeof source !== 'function') {
    throw new AIO_ERR_ARGUMENT_INVALID('source', 'app.sse()', 'a function that gives an async iterable', describe(source))
  }
  checkOptions('app.sse()', options, eventSourceShape)
  return async (request: FastifyRequest, reply: FastifyReply | undefined = replyOf(request)) => {
    const stream = new EventSourceResponse(options)
    const context = { signal: stream.signal, lastEventId: String(request.headers['last-event-id'] ?? '') }
    // Before the head: what fails now can still be told in a status.
    const events = source(request, context)
    if (!isIterable(events)) throw new AIO_ERR_EVENT_SOURCE(describe(events))
    await stream.prepare(request, reply)
    await pump(events, stream, request)
    return stream
  }
}

/** Sends until the source ends, fails, or nobody listens any more; then the source is told to end. */
async function pump (
  events: AsyncIterable<ServerSentEvent | string> | Iterable<ServerSentEvent | string>,
  stream: EventSourceResponse, request: FastifyRequest
): Promise<void> {
  try {
    for await (const event of untilAborted(events, stream.signal)) {
      await (typeof event === 'string' ? stream.send(event) : stream.sendEvent(event))
    }
  } catch (error) {
    // The head is out: the end of the stream is all that a client can be told.
    if (!stream.signal.aborted) request.log.error(error, 'The source of events failed')
  } finally {
    stream.stopStreaming()
  }
}

/** Also ends while the source is waiting for something; what it waits for has the signal as well. */
async function * untilAborted<T> (events: AsyncIterable<T> | Iterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]()
  try {
    while (!signal.aborted) {
      const next = await nextOrAbort(iterator, signal)
      if (next === undefined || next.done === true) return
      yield next.value
    }
  } finally {
    // Not awaited: a generator that waits for something ends only when that has come.
    Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

/** What comes next, or `undefined` when the signal is first. No race: the signal would keep every promise of it. */
function nextOrAbort<T> (
  iterator: AsyncIterator<T> | Iterator<T>, signal: AbortSignal
): Promise<IteratorResult<T> | undefined> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(undefined)
    signal.addEventListener('abort', abort, { once: true })
    Promise.resolve(iterator.next()).then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function isIterable (value: unknown): boolean {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
}
