/**
 * Notes every tracing event as the recording does.
 *
 * @module
 */

import type { TraceConfig } from '../../../plugins/client-session/index.ts'
import { namesOf } from './failure.ts'
import { showBytes } from './values.ts'

/** The recorded names of the events. */
const names = [
  'request_start', 'request_chunk_sent', 'response_chunk_received', 'request_end', 'request_exception',
  'request_redirect', 'connection_queued_start', 'connection_queued_end', 'connection_create_start',
  'connection_create_end', 'connection_reuseconn', 'dns_resolvehost_start', 'dns_resolvehost_end',
  'dns_cache_hit', 'dns_cache_miss', 'request_headers_sent'
]

interface TraceParameters {
  readonly method?: string
  readonly url?: unknown
  readonly host?: string
  readonly chunk?: Uint8Array
  readonly response?: { readonly status: number }
  readonly exception?: Error
}

/** A trace configuration that writes into a list. */
export function noteEvents (events: unknown[][]): TraceConfig {
  const listeners = names.map(name => [
    `on${camel(`_${name}`)}`,
    async (_session: unknown, context: { traceRequestContext?: unknown }, params: TraceParameters) => {
      const event: unknown[] = [name]
      for (const key of ['method', 'url', 'host'] as const) if (params[key] !== undefined) event.push(String(params[key]))
      if (params.chunk !== undefined) event.push(showBytes(params.chunk))
      if (params.response !== undefined) event.push(params.response.status)
      if (params.exception !== undefined) event.push({ is: namesOf(params.exception) })
      if (context.traceRequestContext != null) event.unshift(context.traceRequestContext)
      events.push(event)
    }
  ])
  return Object.fromEntries(listeners)
}

/** `dns_cache_hit` as `dnsCacheHit`. */
export function camel (name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}
