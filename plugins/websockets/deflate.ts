/**
 * The server's half of agreeing on compression (RFC 7692, section 7).
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { deflateName, extension, PerMessageDeflate, type DeflateParameters } from '../../lib/websocket/parts.ts'
import type { Compression } from '../../lib/websocket/socket.ts'

/** What was agreed on, and the Sec-WebSocket-Extensions that says so. */
export interface Agreement {
  readonly header: string
  readonly compression: Compression
}

/**
 * What can be agreed on with a client; an offer that cannot be taken is declined, not refused.
 *
 * @param maxPayload bytes a message may have; 0 for any number
 */
export function agreeOn (
  { headers }: IncomingMessage, { contextTakeover }: { readonly contextTakeover: boolean }, maxPayload: number
): Agreement | undefined {
  const offers = offersOf(headers['sec-websocket-extensions'])
  if (offers === undefined) return undefined
  const deflate = new PerMessageDeflate({
    isServer: true,
    maxPayload,
    threshold: 0,
    // As aiohttp: speed before size
    zlibDeflateOptions: { level: 1 },
    ...(!contextTakeover && { serverNoContextTakeover: true })
  })
  let parameters: DeflateParameters
  try {
    parameters = deflate.accept(offers)
  } catch {
    return undefined
  }
  return {
    header: extension.format({ [deflateName]: [parameters] }),
    compression: {
      deflate,
      windowBits: parameters.server_max_window_bits ?? 15,
      noContextTakeover: parameters.server_no_context_takeover === true
    }
  }
}

function offersOf (header: string | undefined): readonly object[] | undefined {
  if (header === undefined) return undefined
  try {
    return extension.parse(header)[deflateName]
  } catch {
    return undefined
  }
}
