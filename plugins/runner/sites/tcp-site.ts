/**
 * A site at a TCP port.
 *
 * @module
 */

import { lookup } from 'node:dns/promises'
import { isIP, type ListenOptions } from 'node:net'
import { AIO_ERR_OPTION_INVALID } from '../../../lib/errors.ts'
import { boolean, checkOptions, integer, string, type Shape } from '../../../lib/options.ts'
import type { BaseRunner } from '../base-runner.ts'
import { BaseSite, listening, siteShape, type SiteOptions } from './base-site.ts'

/** Options of `TCPSite`. */
export interface TCPSiteOptions extends SiteOptions {
  /**
   * The address or name to listen at; a name listens at each of its addresses.
   *
   * @default every address of the machine
   */
  host?: string
  /**
   * The port; 0 lets the system choose.
   *
   * @default 8080, or 8443 with TLS
   */
  port?: number
  /**
   * Lets several processes listen at the same port, where the system and Node (22.12 or later) can.
   *
   * @default false
   */
  reusePort?: boolean
}

const tcpShape: Shape<TCPSiteOptions> = {
  ...siteShape, host: string, port: integer(0, 65_535), reusePort: boolean
}

/** A site at a TCP port, aiohttp's `TCPSite`. */
export class TCPSite extends BaseSite {
  readonly host: string | undefined
  #port: number
  readonly #reusePort: boolean

  /**
   * @throws AIO_ERR_RUNNER_NOT_SET_UP before `runner.setup()`; AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
   */
  constructor (runner: BaseRunner, options: TCPSiteOptions = {}) {
    super(runner, options)
    checkOptions('TCPSite', options, tcpShape)
    this.host = options.host === '' ? undefined : options.host
    this.#port = options.port ?? (this.tls === undefined ? 8080 : 8443)
    this.#reusePort = options.reusePort ?? false
    if (this.#reusePort && !canReusePort()) {
      throw new AIO_ERR_OPTION_INVALID('reusePort', 'TCPSite', 'Node 22.12 or later', process.version)
    }
  }

  /** The port; with port 0 the one that the system chose, once the site has been started. */
  get port (): number {
    return this.#port
  }

  get name (): string {
    const host = this.host ?? '0.0.0.0'
    return `${this.scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${this.#port}`
  }

  protected async listen (): Promise<void> {
    const [first, ...others] = await addressesOf(this.host)
    const server = await this.open(server => listening(server, this.#listenOptions(first)))
    const address = server.address()
    if (address !== null && typeof address === 'object') this.#port = address.port
    for (const other of others) {
      await this.open(server => listening(server, this.#listenOptions(other))).catch(error => {
        // A machine may resolve localhost to ::1 and have no IPv6.
        if (error.code !== 'EADDRNOTAVAIL' && error.code !== 'EAFNOSUPPORT') throw error
      })
    }
  }

  #listenOptions (host: string | undefined): ListenOptions {
    return {
      port: this.#port,
      backlog: this.backlog,
      ...(host === undefined ? {} : { host }),
      ...(this.#reusePort ? { reusePort: true } : {})
    }
  }
}

/** The addresses a host stands for; `undefined` is every address of the machine. */
async function addressesOf (host: string | undefined): Promise<[string | undefined, ...string[]]> {
  if (host === undefined || isIP(host) !== 0) return [host]
  const found = await lookup(host, { all: true })
  const [first, ...others] = new Set(found.map(({ address }) => address))
  return [first, ...others]
}

/** Older versions of Node ignore the option in silence. */
function canReusePort (): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}
