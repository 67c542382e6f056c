/**
 * What all sites have in common: servers of their own, started and stopped by themselves.
 *
 * @module
 */

import type { Server as HttpServer } from 'node:http'
import type { AddressInfo, ListenOptions, Server } from 'node:net'
import {
  AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_INVALID, AIO_ERR_SITE_NOT_STARTED, AIO_ERR_SITE_STARTED
} from '../../../lib/errors.ts'
import { describe, integer, object, type Shape } from '../../../lib/options.ts'
import { runDry } from '../accept-queue.ts'
import type { BaseRunner } from '../base-runner.ts'
import { stopListening, type TLSOptions } from '../site-server.ts'

/** Options that every site takes. */
export interface SiteOptions {
  /**
   * Serves HTTPS with these options of `node:tls` (`key` and `cert`, or `pfx`).
   *
   * @default undefined
   */
  tls?: TLSOptions
  /**
   * How many connections the kernel may queue.
   *
   * @default 511
   */
  backlog?: number
}

/** The checks of the options that every site takes. */
export const siteShape: Shape<SiteOptions> = { tls: object, backlog: integer(0, 65_535) }

/** What all sites have in common. */
export abstract class BaseSite {
  readonly runner: BaseRunner
  readonly tls: TLSOptions | undefined
  protected readonly backlog: number
  #servers: HttpServer[] = []
  #started = false

  protected constructor (runner: BaseRunner, options: SiteOptions) {
    const where = new.target.name
    if (typeof runner?.checkReady !== 'function') {
      throw new AIO_ERR_ARGUMENT_INVALID('runner', where, 'an AppRunner or a ServerRunner', describe(runner))
    }
    runner.checkReady(where)
    if (!object.test(options)) throw new AIO_ERR_OPTION_INVALID('options', where, object.expected, describe(options))
    this.runner = runner
    this.tls = options.tls
    this.backlog = options.backlog ?? 511
  }

  /** Where the site can be reached, as the banner shows it. */
  abstract get name (): string

  /** The bound addresses: `{ address, port, family }`, or the path of a Unix socket. */
  get addresses (): (AddressInfo | string)[] {
    return this.#servers.map(server => server.address()).filter(address => address !== null)
  }

  /** Whether the site listens. */
  get listening (): boolean {
    return this.#servers.some(server => server.listening)
  }

  /** The servers that a shutdown has to stop. */
  get servers (): readonly HttpServer[] {
    return this.#servers
  }

  protected get scheme (): 'http' | 'https' {
    return this.tls === undefined ? 'http' : 'https'
  }

  /**
   * Begins to listen.
   *
   * @throws AIO_ERR_SITE_STARTED when it listens already; AIO_ERR_RUNNER_CLOSED or AIO_ERR_SITE_NOT_STARTED when the
   *   runner or the site was stopped meanwhile; or the system's error (EADDRINUSE, EACCES, …)
   */
  async start (): Promise<void> {
    if (this.#started) throw new AIO_ERR_SITE_STARTED(this.name)
    this.runner.checkReady(this.constructor.name)
    this.#started = true
    try {
      await this.listen()
      // Both may have ended while the system was asked.
      this.runner.checkReady(this.constructor.name)
      if (!this.#started) throw new AIO_ERR_SITE_NOT_STARTED(this.name)
      this.runner.register(this)
    } catch (error) {
      this.closeListeners()
      await this.released()
      throw error
    }
  }

  /**
   * Stops listening; connections live on, and the other sites too.
   *
   * @throws AIO_ERR_SITE_NOT_STARTED
   */
  async stop (): Promise<void> {
    if (!this.#started) throw new AIO_ERR_SITE_NOT_STARTED(this.name)
    this.#started = false
    await this.released()
    await runDry(this.#servers, this.runner.connections)
    this.closeListeners()
    this.runner.unregister(this)
  }

  /** Closes the listening sockets in this turn; what the accept queue holds is lost. */
  closeListeners (): void {
    for (const server of this.#servers) stopListening(server)
    this.#servers = []
    this.#started = false
  }

  /** Gives back what leads to the listeners, before they are closed, or after a start that failed. */
  async released (): Promise<void> {}

  protected abstract listen (): Promise<void>

  /** Makes a server of the runner and has it listen. */
  protected async open (begin: (server: HttpServer) => Promise<unknown> | void): Promise<HttpServer> {
    const server = this.runner.createServer(this.tls)
    await begin(server)
    this.#servers.push(server)
    return server
  }
}

/** Resolves when `server` listens, rejects when it cannot. */
export function listening (
  server: HttpServer, options: ListenOptions | Server | { readonly fd: number }
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}
