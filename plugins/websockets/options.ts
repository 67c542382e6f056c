/**
 * Options of one websocket, and their checks.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import {
  boolean, check, checkOptions, describe, integer, listOf, milliseconds, type Shape
} from '../../lib/options.ts'

/** Options of a websocket, in aiohttp's order. */
export interface WebSocketOptions {
  /**
   * Milliseconds that `close()` waits for the peer's close frame before it drops the connection.
   *
   * @default 10_000
   */
  timeout?: number
  /**
   * Milliseconds that `receive()` waits for a frame; `null` waits for ever.
   *
   * @default null
   */
  receiveTimeout?: number | null
  /**
   * Answers the peer's close frame as soon as it is received, with the peer's code.
   *
   * @default true
   */
  autoclose?: boolean
  /**
   * Answers PING with PONG and hides both; otherwise they are received as messages.
   *
   * @default true
   */
  autoping?: boolean
  /**
   * Milliseconds without inbound data after which a PING is sent; when nothing comes for half of that
   * again, the connection is dropped with code 1006. `null` never asks.
   *
   * @default null
   */
  heartbeat?: number | null
  /**
   * Subprotocols this side knows; the first of the client's list that is among them is chosen.
   *
   * @default []
   */
  protocols?: readonly string[]
  /**
   * Accepts permessage-deflate when the client offers it.
   *
   * @default true
   */
  compress?: boolean
  /**
   * Bytes that no message may reach: one that does closes the connection with 1009. 0 is no limit.
   *
   * @default 4_194_304
   */
  maxMsgSize?: number
  /**
   * Bytes that may wait for the socket before sending waits too.
   *
   * @default 262_144
   */
  writerLimit?: number
  /**
   * Delivers text as string; otherwise as Buffer.
   *
   * @default true
   */
  decodeText?: boolean
}

/** All options with their values. */
export type ResolvedWebSocketOptions = Required<WebSocketOptions>

// RFC 9110, section 5.6.2
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const positive = check('a number of milliseconds above zero, or null',
  value => value === null || (typeof value === 'number' && value > 0))

/** The checks of `WebSocketOptions`. */
export const webSocketShape: Shape<WebSocketOptions> = {
  timeout: milliseconds,
  receiveTimeout: positive,
  autoclose: boolean,
  autoping: boolean,
  heartbeat: positive,
  protocols: listOf(check('a token of RFC 9110', value => typeof value === 'string' && token.test(value))),
  compress: boolean,
  // ws counts in 32 bits
  maxMsgSize: integer(0, 2 ** 31 - 1),
  writerLimit: integer(0),
  decodeText: boolean
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function resolveWebSocketOptions (where: string, options: WebSocketOptions): ResolvedWebSocketOptions {
  checkOptions(where, options, webSocketShape)
  const {
    timeout = 10_000, receiveTimeout = null, autoclose = true, autoping = true, heartbeat = null,
    protocols = [], compress = true, maxMsgSize = 4_194_304, writerLimit = 262_144, decodeText = true
  } = options
  return {
    timeout, receiveTimeout, autoclose, autoping, heartbeat, protocols, compress, maxMsgSize, writerLimit, decodeText
  }
}

/** What a close frame says. */
export interface CloseOptions {
  /**
   * A code of RFC 6455, section 7.4, that may be sent.
   *
   * @default 1000, or the peer's code when it has closed already
   */
  code?: number
  /**
   * The reason, at most 123 bytes of UTF-8.
   *
   * @default ''
   */
  message?: string
}

const closeShape: Shape<CloseOptions> = {
  code: check('a close code that may be sent (1000–1003, 1007–1014, 3000–4999)', isCloseCode),
  message: check('a string of at most 123 bytes',
    value => typeof value === 'string' && Buffer.byteLength(value) <= 123)
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export function checkClose (where: string, options: CloseOptions): void {
  checkOptions(where, options, closeShape)
}

/** @throws AIO_ERR_ARGUMENT_INVALID unless a timeout is a positive number or null */
export function checkTimeout (where: string, value: unknown): void {
  if (!positive.test(value)) {
    throw new AIO_ERR_ARGUMENT_INVALID('timeout', where, positive.expected, describe(value))
  }
}

function isCloseCode (value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && (
    (value >= 1000 && value <= 1014 && ![1004, 1005, 1006].includes(value)) || (value >= 3000 && value <= 4999))
}
