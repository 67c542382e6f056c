/**
 * Options that both ends of a websocket have, and their checks.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../errors.ts'
import { boolean, check, checkOptions, describe, integer, listOf, milliseconds, type Shape } from '../options.ts'

/** Options of a websocket, in aiohttp's order. */
export interface ConnectionOptions {
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
   * Answers the peer's close frame as soon as it is received: a server with the peer's code, a client with 1000.
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
   * Subprotocols this side knows; the first of the client's list that is among the server's is chosen.
   *
   * @default []
   */
  protocols?: readonly string[]
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
  /**
   * How many frames the peer may send; one more closes the connection with 1008. `null` is no limit.
   *
   * @default null
   */
  rateLimit?: RateLimitOptions | null
}

/** So many frames in so much time; as many may come at once. */
export interface RateLimitOptions {
  /** How many, PING and PONG included. */
  readonly messages: number
  /** Milliseconds in which they may come. */
  readonly interval: number
}

/** All options with their values. */
export type ResolvedConnectionOptions = Required<ConnectionOptions>

// RFC 9110, section 5.6.2
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const rate = integer(1)

/** A time above zero, or `null` for none. */
export const positive = check('a number of milliseconds above zero, or null',
  value => value === null || (typeof value === 'number' && value > 0))

/** The checks of `ConnectionOptions`. */
export const connectionShape: Shape<ConnectionOptions> = {
  timeout: milliseconds,
  receiveTimeout: positive,
  autoclose: boolean,
  autoping: boolean,
  heartbeat: positive,
  protocols: listOf(check('a token of RFC 9110', value => typeof value === 'string' && token.test(value))),
  // ws counts in 32 bits
  maxMsgSize: integer(0, 2 ** 31 - 1),
  writerLimit: integer(0),
  decodeText: boolean,
  rateLimit: check('{ messages, interval }, whole numbers above zero, or null', isRateLimit)
}

/** Fills in the defaults; the options have been checked. */
export function resolveConnectionOptions (options: ConnectionOptions): ResolvedConnectionOptions {
  const {
    timeout = 10_000, receiveTimeout = null, autoclose = true, autoping = true, heartbeat = null,
    protocols = [], maxMsgSize = 4_194_304, writerLimit = 262_144, decodeText = true, rateLimit = null
  } = options
  return {
    timeout,
    receiveTimeout,
    autoclose,
    autoping,
    heartbeat,
    protocols,
    maxMsgSize,
    writerLimit,
    decodeText,
    rateLimit
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

/** How long to wait for a message. */
export interface ReceiveOptions {
  /**
   * Milliseconds; `null` for ever.
   *
   * @default the `receiveTimeout` of the websocket
   */
  timeout?: number | null
  /**
   * Gives up waiting; the next message is the next receiver's.
   *
   * @default none
   */
  signal?: AbortSignal
}

const receiveShape: Shape<ReceiveOptions> = {
  timeout: positive,
  signal: check('an AbortSignal', value => value instanceof AbortSignal)
}

/** @throws AIO_ERR_ARGUMENT_INVALID for a wrong timeout, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
export function checkReceive (where: string, value: ReceiveOptions | number | null | undefined): ReceiveOptions {
  if (value === undefined) return {}
  if (typeof value === 'object' && value !== null) {
    checkOptions(where, value, receiveShape)
    return value
  }
  if (!positive.test(value)) {
    throw new AIO_ERR_ARGUMENT_INVALID('timeout', where, positive.expected, describe(value))
  }
  return { timeout: value }
}

function isRateLimit (value: unknown): boolean {
  if (value === null) return true
  const { messages, interval } = Object(value)
  return rate.test(messages) && rate.test(interval)
}

/** Whether a close frame may have this code (RFC 6455, section 7.4). */
export function isCloseCode (value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && (
    (value >= 1000 && value <= 1014 && ![1004, 1005, 1006].includes(value)) || (value >= 3000 && value <= 4999))
}
