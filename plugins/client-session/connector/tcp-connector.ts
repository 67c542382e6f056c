/**
 * Connections over TCP, with or without TLS, directly or through a proxy.
 *
 * @module
 */

import { isIP, type Socket } from 'node:net'
import {
  anything, boolean, check, checkOptions, either, integer, milliseconds, object, oneOf, type Shape
} from '../../../lib/options.ts'
import {
  ClientConnectorDNSError, ClientConnectorError, ClientProxyConnectionError, type ConnectionTarget
} from '../errors.ts'
import type { RequestUrl } from '../url/request-url.ts'
import { abortable } from './abortable.ts'
import {
  BaseConnector, connectionTimeout, connectorShape, type ConnectorOptions, type OpenContext
} from './base-connector.ts'
import { raceToConnect } from './happy-eyeballs.ts'
import { DnsCache, systemResolver, type ResolvedAddress, type Resolver } from './resolver.ts'
import type { ConnectTarget } from './target.ts'
import { startTls, type SslOption } from './tls.ts'
import { openTunnel } from './tunnel.ts'

/** Options of `new TcpConnector()`. */
export interface TcpConnectorOptions extends ConnectorOptions {
  /**
   * How TLS is checked where a request does not say it.
   *
   * @default true
   */
  ssl?: SslOption
  /** Looks names up; the operating system does it otherwise. */
  resolver?: Resolver
  /**
   * Whether answers of the resolver are kept.
   *
   * @default true
   */
  useDnsCache?: boolean
  /**
   * How long, in milliseconds; `Infinity` for ever.
   *
   * @default 10_000
   */
  dnsCacheTtl?: number
  /**
   * How many names are kept.
   *
   * @default 1000
   */
  dnsCacheMaxSize?: number
  /**
   * 4 or 6 for one kind of address only.
   *
   * @default 0
   */
  family?: 0 | 4 | 6
  /** Where connections come from: an address of this machine, and a port if need be. */
  localAddress?: string | readonly [host: string, port: number]
  /**
   * How long an address may be silent before the next one is tried beside it, in milliseconds; `null` for until it
   * fails (RFC 8305).
   *
   * @default 250
   */
  happyEyeballsDelay?: number | null
}

const shape: Shape<TcpConnectorOptions> = {
  ...connectorShape,
  ssl: either(boolean, object),
  resolver: object,
  useDnsCache: boolean,
  dnsCacheTtl: milliseconds,
  dnsCacheMaxSize: integer(1),
  family: oneOf(0, 4, 6),
  localAddress: anything,
  happyEyeballsDelay: either(milliseconds, check('null', value => value === null))
}

/** The connector a session makes for itself. */
export class TcpConnector extends BaseConnector {
  override readonly protocols: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:'])
  readonly #ssl: SslOption
  readonly #resolver: Resolver
  readonly #cache: DnsCache
  readonly #localAddress: string | undefined
  readonly #localPort: number | undefined
  readonly #delay: number | undefined

  constructor (options: TcpConnectorOptions = {}) {
    checkOptions('TcpConnector', options, shape)
    const {
      ssl, resolver, useDnsCache, dnsCacheTtl, dnsCacheMaxSize, family, localAddress, happyEyeballsDelay, ...rest
    } = options
    super(rest)
    this.#ssl = ssl ?? true
    this.#resolver = resolver ?? systemResolver(family ?? 0)
    this.#cache = new DnsCache({
      resolver: this.#resolver,
      enabled: useDnsCache ?? true,
      ttl: dnsCacheTtl ?? 10_000,
      maxSize: dnsCacheMaxSize ?? 1000
    })
    const [host, port] = typeof localAddress === 'string' ? [localAddress] : localAddress ?? []
    this.#localAddress = host
    this.#localPort = port
    this.#delay = happyEyeballsDelay === null ? undefined : happyEyeballsDelay ?? 250
  }

  /** Forgets the addresses of one host and port, or of all. */
  clearDnsCache (host?: string, port?: number): void {
    this.#cache.clear(host, port)
  }

  override async close (): Promise<void> {
    await super.close()
    await this.#resolver.close?.()
  }

  protected override async open (target: ConnectTarget, context: OpenContext): Promise<Socket> {
    const { url, proxy, serverHostname } = target
    const ssl = target.ssl === true ? this.#ssl : target.ssl
    const addresses = await this.#resolve(proxy?.url ?? url, target.ssl, context)
    return await limited(context, url, async signal => {
      let socket = await this.#connect(addresses, target, signal)
      try {
        if (proxy?.url.secure === true) {
          socket = await startTls(socket, { ...placeOf(proxy.url, true), serverHostname: undefined }, signal)
        }
        if (proxy !== undefined && (url.secure || proxy.tunnel)) socket = await openTunnel(socket, url, proxy, signal)
        if (!url.secure) return socket
        return await startTls(socket, { host: url.hostname, port: url.port, ssl, serverHostname }, signal)
      } catch (error) {
        socket.on('error', () => {}).destroy()
        throw error
      }
    })
  }

  async #resolve (url: RequestUrl, ssl: SslOption, context: OpenContext): Promise<readonly ResolvedAddress[]> {
    const { hostname, port } = url
    if (isIP(hostname) !== 0) return [{ host: hostname }]
    try {
      return await abortable(this.#cache.resolve(hostname, port, context.trace), context.signal)
    } catch (error) {
      if (context.signal.aborted) throw error
      throw new ClientConnectorDNSError(placeOf(url, ssl), error as Error)
    }
  }

  async #connect (
    addresses: readonly ResolvedAddress[], { url, proxy, ssl }: ConnectTarget, signal: AbortSignal
  ): Promise<Socket> {
    const place = placeOf(proxy?.url ?? url, ssl)
    try {
      return await raceToConnect({
        addresses, port: place.port, delay: this.#delay, localAddress: this.#localAddress, localPort: this.#localPort
      }, signal)
    } catch (error) {
      if (signal.aborted) throw error
      const Failure = proxy === undefined ? ClientConnectorError : ClientProxyConnectionError
      throw new Failure(place, error as Error)
    }
  }
}

function placeOf (url: RequestUrl, ssl: SslOption): ConnectionTarget & { ssl: SslOption } {
  return { host: url.hostname, port: url.port, ssl }
}

/** Gives an attempt to connect its time. */
export async function limited (
  { signal, socketConnect }: OpenContext, url: RequestUrl, attempt: (signal: AbortSignal) => Promise<Socket>
): Promise<Socket> {
  if (socketConnect === 0) return await attempt(signal)
  const aborter = new AbortController()
  const onAbort = () => { aborter.abort(signal.reason) }
  signal.addEventListener('abort', onAbort)
  const timer = setTimeout(() => {
    aborter.abort(connectionTimeout(url, socketConnect))
  }, socketConnect)
  try {
    return await attempt(aborter.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
