/**
 * What a hop's request says: the user's headers, cookies, credentials and what a session adds by itself.
 *
 * @module
 */

import { encodeBasicAuth } from './auth/basic-auth.ts'
import type { Call } from './call.ts'
import { HeaderMap } from './header-map.ts'
import { netrcAuth } from './auth/netrc.ts'
import type { BasicAuthInit } from './options.ts'
import type { Hop } from './redirects.ts'
import { addAutoHeaders } from './request-head.ts'
import type { RequestUrl } from './url/request-url.ts'
import { AIO_ERR_CLIENT_CONFLICT } from './usage-errors.ts'

/** A promise where a netrc file is asked. @throws AIO_ERR_CLIENT_CONFLICT when credentials are given twice */
export function requestHeaders (call: Call, hop: Hop): HeaderMap | Promise<HeaderMap> {
  const headers = new HeaderMap(call.headers)
  addAutoHeaders(headers, hop.method, hop.body, call.skipAutoHeaders)
  addCookies(headers, call, hop)
  const auth = call.auth ?? sessionAuth(call, hop.url)
  if (auth !== undefined) {
    if (headers.has('authorization')) throw new AIO_ERR_CLIENT_CONFLICT('the header Authorization', 'credentials')
    headers.set('Authorization', encodeBasicAuth(auth.login, auth.password, auth.encoding ?? 'latin1'))
    return headers
  }
  return call.settings.options.trustEnv === true && !headers.has('authorization')
    ? withNetrc(headers, hop.url)
    : headers
}

/**
 * The same URL without credentials, which become those of the call.
 *
 * @throws AIO_ERR_CLIENT_CONFLICT when it has others already
 */
export function takeCredentials (call: Call, url: RequestUrl): RequestUrl {
  const { username, password } = url
  if (username === undefined && password === undefined) return url
  if (call.history.length === 0 && call.auth !== undefined) {
    throw new AIO_ERR_CLIENT_CONFLICT('auth', 'credentials in the URL')
  }
  call.auth = { login: username ?? '', password: password ?? '' }
  return url.withoutCredentials()
}

/** They belong to the origin of the base URL; without one, to where the call began. */
function sessionAuth ({ settings, crossed }: Call, url: RequestUrl): BasicAuthInit | undefined {
  const { baseUrl, options } = settings
  const own = baseUrl === undefined ? !crossed : baseUrl.origin === url.origin
  return own ? options.auth : undefined
}

function addCookies (headers: HeaderMap, { settings, cookies }: Call, { url }: Hop): void {
  const { cookieJar } = settings
  if (cookieJar.size === 0 && cookies === undefined) return
  const value = cookieJar.cookieHeader(url, cookies, headers.get('cookie'))
  if (value !== '') headers.set('Cookie', value)
}

async function withNetrc (headers: HeaderMap, url: RequestUrl): Promise<HeaderMap> {
  const auth: BasicAuthInit | undefined = await netrcAuth(url.hostname)
  if (auth !== undefined) headers.set('Authorization', encodeBasicAuth(auth.login, auth.password, auth.encoding ?? 'latin1'))
  return headers
}
