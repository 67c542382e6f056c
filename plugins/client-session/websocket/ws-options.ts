/**
 * Options of `session.wsConnect()`, and their checks.
 *
 * @module
 */

import {
  anything, boolean, check, checkOptions, either, milliseconds, nonEmptyString, object, string, type Shape
} from '../../../lib/options.ts'
import {
  connectionShape, positive, resolveConnectionOptions, type ConnectionOptions, type ResolvedConnectionOptions
} from '../../../lib/websocket/options.ts'
import type { RequestOptions } from '../options.ts'

/** Options of the handshake that are those of any request. */
type HandshakeOptions = Pick<RequestOptions, 'auth' | 'cookies' | 'headers' | 'params' | 'proxy' | 'proxyAuth' |
  'proxyHeaders' | 'serverHostname' | 'signal' | 'ssl' | 'traceRequestContext'>

/** Options of a websocket that a client opens. */
export interface WsConnectOptions extends Omit<ConnectionOptions, 'timeout'>, HandshakeOptions {
  /** @default 'GET' */
  method?: string
  /** The Origin header, which servers check of browsers. */
  origin?: string
  /**
   * Offers permessage-deflate: `true`, or the window as a power of two from 9 to 15.
   *
   * @default false
   */
  compress?: boolean | number
  /**
   * Milliseconds that `close()` waits for the peer's close frame; or both limits, aiohttp's `ClientWSTimeout`.
   * Those of the session end with the handshake.
   *
   * @default { receive: null, close: 10_000 }
   */
  timeout?: number | WsTimeout
}

/** aiohttp's `ClientWSTimeout`. */
export interface WsTimeout {
  /** Milliseconds that `receive()` waits for a frame; `null` for ever. */
  receive?: number | null
  /** Milliseconds that `close()` waits for the peer's close frame. */
  close?: number
}

/** All options of the connection with their values. */
export interface ResolvedWsOptions extends ResolvedConnectionOptions {
  /** The window that is offered, 0 for none. */
  compress: number
}

const bits = check('a power of two from 9 to 15 (or 0 for none)',
  value => value === 0 || (Number.isInteger(value) && Number(value) >= 9 && Number(value) <= 15))

const timeoutShape: Shape<WsTimeout> = { receive: positive, close: milliseconds }

const shape: Shape<WsConnectOptions> = {
  ...connectionShape,
  method: string,
  origin: nonEmptyString,
  compress: either(boolean, bits),
  timeout: either(milliseconds, object),
  auth: anything,
  cookies: anything,
  headers: anything,
  params: anything,
  proxy: anything,
  proxyAuth: anything,
  proxyHeaders: anything,
  serverHostname: anything,
  signal: anything,
  ssl: anything,
  traceRequestContext: anything
}

/**
 * Tells the options of the connection from those of its handshake.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function splitWsOptions (options: WsConnectOptions): { own: ResolvedWsOptions, handshake: HandshakeOptions } {
  checkOptions('wsConnect()', options, shape)
  const { compress = false, timeout, method, origin, ...rest } = options
  const entries = Object.entries(rest)
  const handshake = Object.fromEntries(entries.filter(([key]) => !(key in connectionShape)))
  const connection: ConnectionOptions = Object.fromEntries(entries.filter(([key]) => key in connectionShape))
  return {
    own: {
      ...resolveConnectionOptions({ ...connection, ...limitsOf(timeout) }),
      compress: compress === true ? 15 : Number(compress)
    },
    handshake
  }
}

function limitsOf (timeout: number | WsTimeout | undefined): Pick<ConnectionOptions, 'receiveTimeout' | 'timeout'> {
  if (timeout === undefined) return {}
  if (typeof timeout === 'number') return { timeout }
  checkOptions('the timeout of wsConnect()', timeout, timeoutShape)
  const { receive, close } = timeout
  return { ...(receive !== undefined && { receiveTimeout: receive }), ...(close !== undefined && { timeout: close }) }
}
