/**
 * Events of a request, for logs, metrics and traces (aiohttp: TraceConfig). Each receiver is awaited before the
 * request goes on; a request without receivers pays nothing.
 *
 * @module
 */

import { AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_UNKNOWN } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'
import type { HeaderMap } from './header-map.ts'
import type { ClientResponse } from './response/response.ts'
import type { ClientSession } from './session.ts'

/** What a receiver shares with the others of its configuration, for one call. */
export interface TraceContext {
  /** What the request's option of this name says. */
  readonly traceRequestContext: unknown
  [key: string]: unknown
}

interface AboutRequest {
  readonly method: string
  readonly url: string
}

interface WithHeaders extends AboutRequest {
  readonly headers: HeaderMap
}

/** The events in the order a request may send them, with what each tells. */
export interface TraceEvents {
  /** Before anything else, once per call. */
  onRequestStart: WithHeaders
  /** The connector's limit is reached. */
  onConnectionQueuedStart: object
  /** A place is free. */
  onConnectionQueuedEnd: object
  /** A new connection is needed. */
  onConnectionCreateStart: object
  /** The name is in the cache, or another request is looking it up. */
  onDnsCacheHit: { readonly host: string }
  /** The name must be looked up. */
  onDnsCacheMiss: { readonly host: string }
  /** The resolver is asked. */
  onDnsResolvehostStart: { readonly host: string }
  /** The resolver has answered; not sent when it fails. */
  onDnsResolvehostEnd: { readonly host: string }
  /** The connection is there, with TLS and tunnel. */
  onConnectionCreateEnd: object
  /** An idle connection is taken instead. */
  onConnectionReuseconn: object
  /** The head was handed to the connection, once per hop and try. */
  onRequestHeadersSent: WithHeaders
  /** A piece of the body was written. */
  onRequestChunkSent: AboutRequest & { readonly chunk: Buffer }
  /** A redirect was received. */
  onRequestRedirect: WithHeaders & { readonly response: ClientResponse }
  /** The final head was received. */
  onRequestEnd: WithHeaders & { readonly response: ClientResponse }
  /** Instead of onRequestEnd. */
  onRequestException: WithHeaders & { readonly exception: unknown }
  /** `read()`, `text()` or `json()` has the whole body. */
  onResponseChunkReceived: AboutRequest & { readonly chunk: Buffer }
}

/** A receiver of one event. */
export type TraceReceiver<Event extends keyof TraceEvents> =
  (session: ClientSession, context: TraceContext, params: TraceEvents[Event]) => void | Promise<void>

/** Receivers for some events, one or a list each; and what `context` is made of. */
export type TraceConfig = {
  readonly [Event in keyof TraceEvents]?: TraceReceiver<Event> | readonly TraceReceiver<Event>[]
} & {
  /** Makes the context of a call; `traceRequestContext` is added. */
  readonly traceConfigContext?: () => Record<string, unknown>
}

const names = ['onRequestStart', 'onConnectionQueuedStart', 'onConnectionQueuedEnd', 'onConnectionCreateStart',
  'onDnsCacheHit', 'onDnsCacheMiss', 'onDnsResolvehostStart', 'onDnsResolvehostEnd', 'onConnectionCreateEnd',
  'onConnectionReuseconn', 'onRequestHeadersSent', 'onRequestChunkSent', 'onRequestRedirect', 'onRequestEnd',
  'onRequestException', 'onResponseChunkReceived', 'traceConfigContext'] satisfies (keyof TraceConfig)[]

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export function checkTraceConfig (config: TraceConfig): void {
  for (const [name, value] of Object.entries(config)) {
    if (!(names as string[]).includes(name)) {
      throw new AIO_ERR_OPTION_UNKNOWN(name, 'traceConfigs', names.join(', '))
    }
    const receivers: unknown[] = Array.isArray(value) ? value : [value]
    if (!receivers.every(receiver => typeof receiver === 'function')) {
      throw new AIO_ERR_OPTION_INVALID(name, 'traceConfigs', 'a function, or a list of them', describe(value))
    }
  }
}

type Receivers<Event extends keyof TraceEvents> =
  { readonly [Name in Event]?: TraceReceiver<Event> | TraceReceiver<Event>[] }

/** Sends the events of one call. */
export class RequestTrace {
  readonly #session: ClientSession
  readonly #configs: readonly { config: TraceConfig, context: TraceContext }[]

  constructor (session: ClientSession, configs: readonly TraceConfig[], traceRequestContext: unknown) {
    this.#session = session
    this.#configs = configs.map(config => ({
      config, context: { ...config.traceConfigContext?.(), traceRequestContext }
    }))
  }

  async send<Event extends keyof TraceEvents> (event: Event, params: TraceEvents[Event]): Promise<void> {
    for (const { config, context } of this.#configs) {
      const receivers = (config as Receivers<Event>)[event]
      if (receivers === undefined) continue
      for (const receiver of Array.isArray(receivers) ? receivers : [receivers]) {
        await receiver(this.#session, context, params)
      }
    }
  }

  connectionQueuedStart (): Promise<void> { return this.send('onConnectionQueuedStart', {}) }
  connectionQueuedEnd (): Promise<void> { return this.send('onConnectionQueuedEnd', {}) }
  connectionCreateStart (): Promise<void> { return this.send('onConnectionCreateStart', {}) }
  connectionCreateEnd (): Promise<void> { return this.send('onConnectionCreateEnd', {}) }
  connectionReuseconn (): Promise<void> { return this.send('onConnectionReuseconn', {}) }
  dnsCacheHit (host: string): Promise<void> { return this.send('onDnsCacheHit', { host }) }
  dnsCacheMiss (host: string): Promise<void> { return this.send('onDnsCacheMiss', { host }) }
  dnsResolvehostStart (host: string): Promise<void> { return this.send('onDnsResolvehostStart', { host }) }
  dnsResolvehostEnd (host: string): Promise<void> { return this.send('onDnsResolvehostEnd', { host }) }
}
