/**
 * Options of one websocket of a server, and their checks.
 *
 * @module
 */

import { boolean, check, checkOptions, type Shape } from '../../lib/options.ts'
import {
  connectionShape, resolveConnectionOptions, type ConnectionOptions, type ResolvedConnectionOptions
} from '../../lib/websocket/options.ts'

/** Options of a websocket, in aiohttp's order. */
export interface WebSocketOptions extends ConnectionOptions {
  /**
   * Accepts permessage-deflate when the client offers it.
   *
   * @default true
   */
  compress?: boolean
  /**
   * Keeps the window of what is sent compressed from message to message: smaller messages for about 32 KiB of
   * memory each connection. Without, a broadcast is compressed once for all.
   *
   * @default true
   */
  contextTakeover?: boolean
  /**
   * Which pages may open it: `'same'` only those of the same host, `'*'` all, or a list of origins such as
   * `https://example.com`. Clients that send no Origin, which are no browsers, always may. 403
   *
   * @default the plugin's `origins`
   */
  origins?: Origins
}

/** Which pages may open a websocket. */
export type Origins = 'same' | '*' | readonly string[]

/** All options with their values. */
export interface ResolvedWebSocketOptions extends ResolvedConnectionOptions {
  compress: boolean
  contextTakeover: boolean
  origins?: Origins
}

/** The check of `Origins`. */
export const originsCheck = check("'same', '*' or a list of origins such as 'https://example.com'",
  value => value === 'same' || value === '*' || (Array.isArray(value) && value.every(isOrigin)))

/** The checks of `WebSocketOptions`. */
export const webSocketShape: Shape<WebSocketOptions> = {
  ...connectionShape,
  compress: boolean,
  contextTakeover: boolean,
  origins: originsCheck
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function resolveWebSocketOptions (where: string, options: WebSocketOptions): ResolvedWebSocketOptions {
  checkOptions(where, options, webSocketShape)
  const { compress = true, contextTakeover = true, origins } = options
  return {
    ...resolveConnectionOptions(options),
    compress,
    contextTakeover,
    ...(origins !== undefined && { origins })
  }
}

function isOrigin (value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value.toLowerCase()
}
