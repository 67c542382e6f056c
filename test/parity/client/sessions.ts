/**
 * Sessions, connectors and cookie jars from their descriptions.
 *
 * @module
 */

import {
  ClientSession, CookieJar, DummyCookieJar, TcpConnector, UnixConnector, type Connector
} from '../../../plugins/client-session/index.ts'
import { UnknownInCase, type Call, type Spec } from './case.ts'
import type { Middlewares } from './middlewares.ts'
import {
  auth, inMilliseconds, named, pairs, raiseForStatus, seconds, timeout, translate, url, type Translate, type Trust
} from './options.ts'
import { CaseResolver } from './resolver.ts'
import { noteEvents } from './traces.ts'

/** What making a session needs of its case. */
export interface SessionContext {
  readonly call: Call
  readonly events: unknown[][]
  readonly middlewares: Middlewares
  readonly trust: Trust
  readonly connectors: ReadonlyMap<string, Connector>
  readonly jars: Map<string, CookieJar>
}

/** Options of requests that a session takes as well. */
export const limits: Readonly<Record<string, Translate>> = {
  auto_decompress: named('autoDecompress'),
  max_line_size: named('maxLineSize'),
  max_field_size: named('maxFieldSize'),
  max_headers: named('maxHeaders'),
  read_bufsize: named('readBufferSize')
}

export function makeSession (spec: Spec, context: SessionContext): ClientSession {
  const { connector = {}, trace, ...rest } = spec
  const options = translate('option of a session', rest, {
    base_url: value => ['baseUrl', url(value)],
    headers: pairs('headers'),
    cookies: pairs('cookies'),
    auth: auth('auth'),
    proxy: named('proxy'),
    proxy_auth: auth('proxyAuth'),
    timeout,
    raise_for_status: raiseForStatus,
    cookie_jar: value => ['cookieJar', makeJar(value as Spec, context)],
    connector_owner: named('connectorOwner'),
    trust_env: named('trustEnv'),
    middlewares: context.middlewares.translate,
    skip_auto_headers: named('skipAutoHeaders'),
    requote_redirect_url: named('requoteRedirectUrl'),
    version: named('version'),
    json_serialize: jsonSerialize,
    fallback_charset_resolver: value => ['fallbackCharsetResolver', () => value],
    ...limits
  })
  return new ClientSession({
    ...options,
    ...(trace === true && { traceConfigs: [noteEvents(context.events)] }),
    connector: typeof connector === 'string'
      ? context.connectors.get(connector)!
      : makeConnector(connector as Spec, context)
  })
}

export function makeConnector (spec: Spec, { call, trust }: Pick<SessionContext, 'call' | 'trust'>): Connector {
  const { type = 'tcp', resolver = {}, ...rest } = spec
  if (type !== 'tcp' && type !== 'unix') throw new UnknownInCase('type of connector', type)
  const options = translate('option of a connector', rest, {
    limit: named('limit'),
    limit_per_host: named('limitPerHost'),
    force_close: named('forceClose'),
    keepalive_timeout: seconds('keepaliveTimeout'),
    ...(type === 'unix' ? { path: named('path') } : tcpOptions(trust))
  })
  if (type === 'unix') return new UnixConnector(options as { path: string })
  const hosts = { localhost: '127.0.0.1', ...call.hosts, ...(resolver as { hosts?: object }).hosts }
  return new TcpConnector({ ...options, resolver: new CaseResolver({ ...resolver as Spec, hosts }) })
}

function tcpOptions (trust: Trust): Readonly<Record<string, Translate>> {
  return {
    ttl_dns_cache: seconds('dnsCacheTtl'),
    use_dns_cache: named('useDnsCache'),
    ssl: trust.translate,
    local_addr: value => ['localAddress', Array.isArray(value) ? value[0] : value],
    family: named('family'),
    interleave: named('interleave'),
    happy_eyeballs_delay: value => ['happyEyeballsDelay', inMilliseconds(value)]
  }
}

function makeJar (spec: Spec, { jars }: SessionContext): CookieJar | DummyCookieJar {
  const { type = 'CookieJar', name = 'jar', ...rest } = spec
  if (type === 'DummyCookieJar') return new DummyCookieJar()
  if (type !== 'CookieJar') throw new UnknownInCase('type of cookie jar', type)
  const jar = new CookieJar(translate('option of a cookie jar', rest, {
    unsafe: named('unsafe'), quote_cookie: named('quoteCookie'), treat_as_secure_origin: named('treatAsSecureOrigin')
  }))
  jars.set(String(name), jar)
  return jar
}

function jsonSerialize (spec: unknown): readonly [string, unknown] {
  if (spec !== 'compact') throw new UnknownInCase('json_serialize', spec)
  return ['jsonSerialize', (value: unknown) => JSON.stringify(value)]
}
