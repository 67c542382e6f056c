/**
 * Which proxy a request goes through, and what the proxy is told.
 *
 * @module
 */

import { encodeBasicAuth } from './auth/basic-auth.ts'
import type { Call } from './call.ts'
import type { ProxyTarget } from './connector/target.ts'
import { InvalidURL } from './errors.ts'
import { HeaderMap } from './header-map.ts'
import { netrcAuth } from './auth/netrc.ts'
import type { BasicAuthInit } from './options.ts'
import { proxyFromEnv } from './proxy-env.ts'
import { acceptEncoding, userAgent } from './request-head.ts'
import type { RequestUrl } from './url/request-url.ts'
import { parseUrl } from './url/url.ts'

/** A proxy, and the headers a plain request takes along for it. */
export interface Proxy {
  readonly target: ProxyTarget
  readonly headers: HeaderMap
}

/** @throws InvalidURL for a proxy's URL that cannot be used */
export async function proxyFor (call: Call, url: RequestUrl): Promise<Proxy | undefined> {
  const { options, settings } = call
  const given = options.proxy ?? settings.options.proxy ?? ''
  const trustEnv = settings.options.trustEnv === true
  const fromEnvironment = given === '' && trustEnv
  const proxyUrl = fromEnvironment ? proxyFromEnv(url) : proxyUrlOf(String(given))
  if (proxyUrl === undefined) return undefined
  const auth: BasicAuthInit | undefined = options.proxyAuth ?? settings.options.proxyAuth ?? credentialsOf(proxyUrl) ??
    (fromEnvironment ? await netrcAuth(proxyUrl.hostname) : undefined)
  const headers = new HeaderMap(options.proxyHeaders)
  if (auth !== undefined) headers.set('Proxy-Authorization', encodeBasicAuth(auth.login, auth.password, auth.encoding ?? 'latin1'))
  return {
    headers,
    target: {
      url: proxyUrl.withoutCredentials(),
      headers: `Accept: */*\r\nAccept-Encoding: ${acceptEncoding}\r\nUser-Agent: ${userAgent}\r\n${headers}`,
      // What comes after the handshake is no business of a proxy's.
      tunnel: call.upgrade
    }
  }
}

/** Whether finding the proxy takes any work. */
export function mayHaveProxy ({ options, settings }: Call): boolean {
  return (options.proxy ?? settings.options.proxy ?? undefined) !== undefined || settings.options.trustEnv === true
}

function proxyUrlOf (proxy: string): RequestUrl | undefined {
  if (proxy === '') return undefined
  try {
    const url = parseUrl(proxy)
    if (url.hostname !== '' && /^https?:$/.test(url.protocol)) return url
  } catch (cause) {
    throw new InvalidURL(proxy, undefined, { cause })
  }
  throw new InvalidURL(proxy)
}

function credentialsOf ({ username, password }: RequestUrl): BasicAuthInit | undefined {
  if (username === undefined && password === undefined) return undefined
  return { login: username ?? '', password: password ?? '' }
}
