/**
 * Proxies from the environment: `http_proxy`, `https_proxy`, `ws_proxy`, `wss_proxy` and `no_proxy`, as Python reads
 * them.
 *
 * @module
 */

import type { RequestUrl } from './url/request-url.ts'
import { parseUrl } from './url/url.ts'

/**
 * The proxy for a URL with the credentials its own URL has; `undefined` for none.
 *
 * @throws TypeError for a variable that holds no URL
 */
export function proxyFromEnv (url: RequestUrl, env: NodeJS.ProcessEnv = process.env): RequestUrl | undefined {
  const proxy = variable(env, `${url.protocol.slice(0, -1)}_proxy`)
  if (proxy === undefined || bypasses(url, variable(env, 'no_proxy') ?? '')) return undefined
  return parseUrl(proxy.includes('://') ? proxy : `http://${proxy}`)
}

/** The small letters win: whoever empties them has switched the capitals off. */
function variable (env: NodeJS.ProcessEnv, name: string): string | undefined {
  const found = env[name]
  if (found !== undefined) return found.trim() || undefined
  // In a CGI program HTTP_PROXY is the header "Proxy" of whoever sent the request (CVE-2016-1000110).
  if (name === 'http_proxy' && env.REQUEST_METHOD !== undefined) return undefined
  return env[name.toUpperCase()]?.trim() || undefined
}

/** Whether the list names the host, a domain above it, either with its port, or everything. */
function bypasses (url: RequestUrl, list: string): boolean {
  return list.toLowerCase().split(',').some(item => {
    const name = item.trim().replace(/^\*?\.+/, '')
    if (name === '') return false
    return name === '*' || [url.hostname, `${url.hostname}:${url.port}`, `[${url.hostname}]`, `[${url.hostname}]:${url.port}`]
      .some(host => host === name || host.endsWith(`.${name}`))
  })
}
