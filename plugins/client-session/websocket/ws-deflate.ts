/**
 * The client's half of agreeing on compression (RFC 7692, section 7).
 *
 * @module
 */

import { PerMessageDeflate, deflateName } from '../../../lib/websocket/parts.ts'
import type { Compression } from '../../../lib/websocket/socket.ts'

/** What the server agreed to. */
export interface Agreement {
  readonly compression: Compression
  /** Whether each message of the client is compressed on its own. */
  readonly clientNoTakeover: boolean
}

/** The Sec-WebSocket-Extensions of an offer. */
export function offerOf (bits: number): string {
  const server = bits < 15 ? `; server_max_window_bits=${bits}` : ''
  return `${deflateName}; client_max_window_bits${server}`
}

/**
 * What the server's answer means.
 *
 * @param bits the window that was offered
 * @throws Error saying why it cannot be accepted
 */
export function agreementOf (header: string, bits: number, maxPayload: number): Agreement | undefined {
  const parameters = parametersOf(header)
  if (parameters === undefined) return undefined
  const windowBits = windowOf(parameters.get('client_max_window_bits'))
  const serverBits = windowOf(parameters.get('server_max_window_bits'))
  const deflate = new PerMessageDeflate({
    isServer: false,
    maxPayload,
    // Below it messages would stay as they are.
    threshold: 0,
    clientMaxWindowBits: true,
    ...(bits < 15 && { serverMaxWindowBits: Math.max(bits, serverBits) }),
    zlibDeflateOptions: { level: 1 }
  })
  deflate.accept([Object.fromEntries([...parameters].map(([name, value]) => [name, [value ?? true]]))])
  return {
    // What a client sends has a mask of its own each time: nothing is shared.
    compression: { deflate, windowBits, noContextTakeover: false },
    clientNoTakeover: parameters.has('client_no_context_takeover')
  }
}

const known = new Set([
  'client_no_context_takeover', 'server_no_context_takeover', 'client_max_window_bits', 'server_max_window_bits'
])

/** The parameters of permessage-deflate; nothing when it is not in the list. */
function parametersOf (header: string): Map<string, string | undefined> | undefined {
  for (const extension of header.split(',')) {
    const [name, ...rest] = extension.split(';').map(part => part.trim())
    if (name?.toLowerCase() !== deflateName) continue
    const parameters = new Map(rest.map(part => {
      const [key = '', value] = part.split('=').map(each => each.trim())
      return [key.toLowerCase(), value?.replace(/^"(.*)"$/, '$1')] as const
    }))
    for (const key of parameters.keys()) {
      if (!known.has(key)) throw new Error(`Extension for deflate not supported; ${key}`)
    }
    return parameters
  }
  return undefined
}

function windowOf (value: string | undefined): number {
  if (value === undefined) return 15
  if (!/^(9|1[0-5])$/.test(value)) throw new Error('Invalid window size')
  return Number(value)
}
