/**
 * Options of the protection against forged requests, and their checks.
 *
 * @module
 */

import { checkCookieName } from '../../lib/cookies.ts'
import { check, checkOptions, listOf, nonEmptyString } from '../../lib/options.ts'
import { secrets, type Secret } from '../../lib/secrets.ts'

/** Options of the csrf plugin. */
export interface CsrfOptions {
  /**
   * The cookie that keeps the secret of a client when `keys` are given; over HTTPS `__Host-` comes in front.
   *
   * @default 'AIOHTTP_CSRF'
   */
  cookieName?: string | undefined
  /** The field of forms and of JSON objects that holds the token. @default '_csrf' */
  field?: string | undefined
  /** The header that may hold it instead. @default 'x-csrf-token' */
  header?: string | undefined
  /** Keeps the secret of a client in a signed cookie of its own. @default in the session */
  keys?: Secret | readonly Secret[] | undefined
  /** Sites besides our own whose pages may send forms to us, such as `https://admin.example.org`. @default [] */
  origins?: readonly string[] | undefined
}

const origin = check('an origin such as https://admin.example.org',
  value => typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value)

/** @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_COOKIE_NAME */
export function checkCsrfOptions (options: CsrfOptions): void {
  checkOptions('the csrf plugin', options, {
    cookieName: nonEmptyString,
    field: nonEmptyString,
    header: nonEmptyString,
    keys: secrets,
    origins: listOf(origin)
  })
  if (options.cookieName !== undefined) checkCookieName(options.cookieName)
}
