/**
 * Whether options of sessions and requests are what they have to be.
 *
 * @module
 */

import { AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_UNKNOWN } from '../../lib/errors.ts'
import {
  anything, boolean, check, checkOptions, describe, either, func, integer, listOf, nonEmptyString, object, oneOf,
  string, type Check, type Shape
} from '../../lib/options.ts'
import type { RequestOptions, SessionOptions, SharedOptions } from './options.ts'
import { checkTraceConfig } from './tracing.ts'
import { AIO_ERR_CLIENT_CONFLICT } from './usage-errors.ts'

const retryShape = either(object, check('false', value => value === false))
const proxy = check('a URL or null', value => value === null || typeof value === 'string' || value instanceof URL)
const names = check('a list of names', value => typeof value === 'object' && value !== null && Symbol.iterator in value)

const shared: Shape<SharedOptions> = {
  headers: object,
  skipAutoHeaders: names,
  auth: object,
  proxy,
  proxyAuth: object,
  raiseForStatus: either(boolean, func),
  autoDecompress: boolean,
  readBufferSize: integer(1),
  maxBodySize: either(integer(0), check('Infinity', value => value === Infinity)),
  maxLineSize: integer(1),
  maxFieldSize: integer(1),
  maxHeaders: integer(1),
  middlewares: listOf(func),
  retry: retryShape,
  signal: check('an AbortSignal', value => value instanceof AbortSignal)
}

const sessionShape: Shape<SessionOptions> = {
  ...shared,
  baseUrl: either(string, object),
  connector: object,
  connectorOwner: boolean,
  dispatcher: object,
  http2: boolean,
  cookies: object,
  cookieJar: object,
  jsonSerialize: func,
  version: oneOf('1.0', '1.1'),
  timeout: object,
  trustEnv: boolean,
  requoteRedirectUrl: boolean,
  traceConfigs: listOf(object),
  fallbackCharsetResolver: func
}

const requestShape: Shape<RequestOptions> = {
  ...shared,
  params: either(string, object),
  data: anything,
  json: anything,
  cookies: object,
  allowRedirects: boolean,
  maxRedirects: integer(0),
  compress: either(boolean, string),
  chunked: boolean,
  expect100: boolean,
  readUntilEof: boolean,
  proxyHeaders: object,
  timeout: anything,
  ssl: either(boolean, object),
  serverHostname: nonEmptyString,
  traceRequestContext: anything
}

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_CLIENT_CONFLICT */
export function checkSessionOptions (options: SessionOptions): void {
  checkOptions('ClientSession', options, sessionShape)
  for (const config of options.traceConfigs ?? []) checkTraceConfig(config)
  const { http2 = false, dispatcher, connector, connectorOwner } = options
  if (http2 && dispatcher !== undefined) throw new AIO_ERR_CLIENT_CONFLICT('http2', 'dispatcher')
  // A connector that belongs to others has its use with them.
  if (connector !== undefined && connectorOwner !== false && (http2 || dispatcher !== undefined)) {
    throw new AIO_ERR_CLIENT_CONFLICT('connector', http2 ? 'http2' : 'dispatcher')
  }
}

const requestChecks: ReadonlyMap<string, Check> = new Map(Object.entries<Check>(requestShape))

/**
 * As `checkOptions`, for something that is called very often.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function checkRequestOptions (options: RequestOptions): void {
  for (const key in options) {
    const found = requestChecks.get(key)
    if (found === undefined) throw new AIO_ERR_OPTION_UNKNOWN(key, 'a request', [...requestChecks.keys()].join(', '))
    const value: unknown = options[key as keyof RequestOptions]
    if (value !== undefined && value !== null && !found.test(value)) {
      throw new AIO_ERR_OPTION_INVALID(key, 'a request', found.expected, describe(value))
    }
  }
}
