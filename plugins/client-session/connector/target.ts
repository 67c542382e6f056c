/**
 * Where a connection leads, and what it must be like to be used for a request.
 *
 * @module
 */

import type { RequestUrl } from '../url/request-url.ts'
import type { SslOption } from './tls.ts'

/** A proxy on the way. */
export interface ProxyTarget {
  readonly url: RequestUrl
  /** Lines that go to the proxy with CONNECT: credentials and `proxyHeaders`. */
  readonly headers: string
  /** Whether it is asked for a tunnel although the server speaks no TLS. */
  readonly tunnel: boolean
}

/** What a request needs a connection for. */
export interface ConnectTarget {
  readonly url: RequestUrl
  /** `true` leaves it to the connector. */
  readonly ssl: SslOption
  /** The name to ask for and to check, instead of the host's. */
  readonly serverHostname: string | undefined
  readonly proxy: ProxyTarget | undefined
}

/** Tells which connections can take each other's place. */
export class TargetKeys {
  readonly #numbers = new WeakMap<object, number>()
  #last = 0

  keyOf ({ url, ssl, serverHostname, proxy }: ConnectTarget): string {
    let key = `${url.secure ? 'tls' : 'tcp'} ${url.hostname}:${url.port}`
    if (ssl !== true) key += ` ssl=${typeof ssl === 'boolean' ? ssl : this.#numberOf(ssl)}`
    if (serverHostname !== undefined) key += ` name=${serverHostname}`
    if (proxy !== undefined) key += ` proxy=${proxy.url.href} ${proxy.tunnel} ${proxy.headers}`
    return key
  }

  /** Each object is one of its own, whatever is in it. */
  #numberOf (ssl: object): number {
    let number = this.#numbers.get(ssl)
    if (number === undefined) {
      number = ++this.#last
      this.#numbers.set(ssl, number)
    }
    return number
  }
}
