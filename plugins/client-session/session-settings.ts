/**
 * A session's options, worked out once.
 *
 * @module
 */

import type { BaseConnector } from './connector/base-connector.ts'
import { HeaderMap } from './header-map.ts'
import { Http2Agents } from './undici/http2.ts'
import type { HeadLimits } from './http1/head.ts'
import type { SessionOptions, SharedOptions } from './options.ts'
import type { RequestUrl } from './url/request-url.ts'
import { RetryBudget, RetryPolicy, type RetryOptions } from './retry.ts'
import { defaultLimits, limitsOf, type Limits } from './timeouts.ts'
import type { CookieStore } from './types.ts'
import { requestUrl } from './url/url.ts'
import { AIO_ERR_CLIENT_BASE_URL } from './usage-errors.ts'

/** What the requests of a session share. */
export interface SessionSettings {
  readonly options: SessionOptions
  readonly connector: BaseConnector
  readonly cookieJar: CookieStore
  readonly baseUrl: RequestUrl | undefined
  readonly headers: HeaderMap
  readonly skipAutoHeaders: ReadonlySet<string>
  readonly limits: Limits
  readonly headLimits: HeadLimits
  readonly retry: RetryPolicy | false | undefined
  readonly budget: RetryBudget
  readonly http2: Http2Agents | undefined
}

/** @throws AIO_ERR_CLIENT_BASE_URL and what the parts of the options throw */
export function settingsOf (
  options: SessionOptions, connector: BaseConnector, cookieJar: CookieStore
): SessionSettings {
  if (options.cookies !== undefined) cookieJar.updateCookies(options.cookies)
  return {
    options,
    connector,
    cookieJar,
    baseUrl: baseUrlOf(options),
    headers: new HeaderMap(options.headers),
    skipAutoHeaders: namesOf(options.skipAutoHeaders),
    limits: options.timeout === undefined ? defaultLimits : limitsOf(options.timeout, 'ClientSession'),
    headLimits: headLimitsOf(options, { maxLineSize: 8190, maxFieldSize: 8190, maxHeaders: 128 }),
    retry: policyOf(options.retry),
    budget: new RetryBudget(),
    http2: options.http2 === true ? new Http2Agents() : undefined
  }
}

/** Names of headers in lower case. */
export function namesOf (names: Iterable<string> | undefined): ReadonlySet<string> {
  return new Set(Array.from(names ?? [], name => name.toLowerCase()))
}

/** Limits of a request over those of its session. */
export function headLimitsOf (options: SharedOptions, otherwise: HeadLimits): HeadLimits {
  const { maxLineSize, maxFieldSize, maxHeaders } = options
  if (maxLineSize === undefined && maxFieldSize === undefined && maxHeaders === undefined) return otherwise
  return {
    maxLineSize: maxLineSize ?? otherwise.maxLineSize,
    maxFieldSize: maxFieldSize ?? otherwise.maxFieldSize,
    maxHeaders: maxHeaders ?? otherwise.maxHeaders
  }
}

/** How much of a response's body is kept unread, and how much of it is taken at all, in bytes. */
export function bodyLimitsOf (
  { options, settings }: { readonly options: SharedOptions, readonly settings: SessionSettings }
): { readBufferSize: number, maxBodySize: number } {
  return {
    readBufferSize: options.readBufferSize ?? settings.options.readBufferSize ?? 262_144,
    maxBodySize: options.maxBodySize ?? settings.options.maxBodySize ?? Infinity
  }
}

export function policyOf (retry: RetryOptions | false | undefined): RetryPolicy | false | undefined {
  return retry === undefined || retry === false ? retry : new RetryPolicy(retry)
}

function baseUrlOf ({ baseUrl }: SessionOptions): RequestUrl | undefined {
  if (baseUrl === undefined) return undefined
  let url: RequestUrl
  try {
    url = requestUrl(undefined, baseUrl)
  } catch {
    throw new AIO_ERR_CLIENT_BASE_URL(String(baseUrl), 'expected an absolute http or https URL')
  }
  if (!url.pathname.endsWith('/')) throw new AIO_ERR_CLIENT_BASE_URL(String(baseUrl), 'its path must end with a slash')
  return url
}
