/**
 * The options of the remotes plugin and their checks.
 *
 * @module
 */

import { AIO_ERR_OPTION_CONFLICT, AIO_ERR_OPTION_INVALID } from '../../lib/errors.ts'
import {
  boolean, check, checkOptions, describe, either, integer, listOf, nonEmptyString, object, oneOf, string, type Shape
} from '../../lib/options.ts'
import { isHost } from './host.ts'
import { isTrustItem } from './trust.ts'

/** Options of `secure`. */
export interface SecureOptions {
  /**
   * Sends clients to the same URL with `https`; otherwise they get 400.
   *
   * @default true
   */
  redirect?: boolean | undefined
  /**
   * Where clients are sent instead of the host they asked for, such as `https://example.com`.
   *
   * @default the host of the request, without its port
   */
  redirectUrl?: string | undefined
  /**
   * The header of that name on secure responses; an empty text sends none.
   *
   * @default 'max-age=31536000'
   */
  strictTransportSecurity?: string | undefined
}

/** Options of the remotes plugin. */
export interface RemotesOptions {
  /**
   * The proxies that are believed: addresses, ranges such as `10.0.0.0/8`, `unix` for whoever comes over a Unix socket,
   * `loopback`, `linklocal`, `uniquelocal`, or `*` for anybody. A list of lists names one proxy after the other,
   * the nearest first (aiohttp-remotes: trusted).
   *
   * @default [], nobody
   */
  trusted?: readonly string[] | readonly (readonly string[])[] | undefined
  /**
   * How many proxies are believed at most; in strict mode exactly this many (aiohttp-remotes: num).
   *
   * @default as many as are trusted; the number of lists in a list of lists
   */
  hops?: number | undefined
  /**
   * Which headers the proxies write: `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded` (RFC 7239).
   *
   * @default 'x-forwarded'
   */
  header?: 'x-forwarded' | 'forwarded' | undefined
  /**
   * Answers 400 to what did not come through the trusted proxies, or with headers that are missing, ambiguous or
   * malformed. Otherwise such headers are not looked at.
   *
   * @default false
   */
  strict?: boolean | undefined
  /**
   * For which hosts requests are taken, such as `example.com`, `*.example.com`, `example.com:8080`; others get 400.
   *
   * @default any
   */
  allowedHosts?: readonly string[] | undefined
  /**
   * Takes requests over HTTPS only.
   *
   * @default false
   */
  secure?: boolean | SecureOptions | undefined
}

const trustItem = check(
  'an IP address, a range such as "10.0.0.0/8", "unix", "loopback", "linklocal", "uniquelocal" or "*"', isTrustItem)

const shape: Shape<RemotesOptions> = {
  trusted: either(listOf(trustItem), listOf(listOf(trustItem))),
  hops: integer(1),
  header: oneOf('x-forwarded', 'forwarded'),
  strict: boolean,
  allowedHosts: listOf(check('a host such as "example.com", "*.example.com", "example.com:8080" or "*"',
    value => value === '*' || (typeof value === 'string' && isHost(value.replace(/^\*\./, ''))))),
  secure: either(boolean, object)
}

const origin = check('an origin such as "https://example.com"', value =>
  nonEmptyString.test(value) && URL.canParse(String(value)) && /^https:\/\/[^/?#@]+\/?$/i.test(String(value)))

const secureShape: Shape<SecureOptions> = { redirect: boolean, redirectUrl: origin, strictTransportSecurity: string }

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_CONFLICT */
export function checkRemotesOptions (options: RemotesOptions): void {
  checkOptions('the remotes plugin', options, shape)
  const { trusted = [], hops, strict = false, secure } = options
  if (typeof secure === 'object') checkOptions('secure of the remotes plugin', secure, secureShape)
  if (hops !== undefined && Array.isArray(trusted[0])) {
    throw new AIO_ERR_OPTION_CONFLICT('hops', 'trusted as a list of lists', 'the remotes plugin')
  }
  if (strict && trusted.length === 0) {
    throw new AIO_ERR_OPTION_INVALID('trusted', 'the strict remotes plugin', 'at least one proxy', describe(trusted))
  }
}
