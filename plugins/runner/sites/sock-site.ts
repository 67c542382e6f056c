/**
 * A site at a socket that somebody else has bound: another part of the process, or whoever started it.
 *
 * @module
 */

import { Server } from 'node:net'
import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { checkOptions, describe, either, integer } from '../../../lib/options.ts'
import type { BaseRunner } from '../base-runner.ts'
import { BaseSite, listening, siteShape, type SiteOptions } from './base-site.ts'

/** What a `SockSite` can take over: a server of `node:net` at a TCP port, or an inherited file descriptor. */
export type ListeningSocket = Server | { readonly fd: number }

/** A site at a socket that listens already, aiohttp's `SockSite`. */
export class SockSite extends BaseSite {
  readonly #socket: ListeningSocket
  #name = 'a socket'

  /**
   * @throws AIO_ERR_RUNNER_NOT_SET_UP before `runner.setup()`; AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN,
   *   AIO_ERR_OPTION_INVALID
   */
  constructor (runner: BaseRunner, socket: ListeningSocket, options: SiteOptions = {}) {
    super(runner, options)
    const usable = either(
      { expected: 'a net.Server that listens at a TCP port', test: listensAtPort },
      { expected: '{ fd: number }', test: value => integer(0).test((value as { fd?: unknown } | null)?.fd) })
    if (!usable.test(socket)) {
      throw new AIO_ERR_ARGUMENT_INVALID('socket', 'SockSite', usable.expected, describe(socket))
    }
    checkOptions('SockSite', options, siteShape)
    this.#socket = socket
    // What is behind a file descriptor shows only when it is taken over.
    if (socket instanceof Server) this.#name = this.#nameOf(socket)
  }

  get name (): string {
    return this.#name
  }

  protected async listen (): Promise<void> {
    this.#name = this.#nameOf(await this.open(server => listening(server, this.#socket)))
  }

  #nameOf (server: Server): string {
    const address = server.address()
    if (address === null) return this.#name
    if (typeof address === 'string') return `${this.scheme}://unix:${address}:`
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `${this.scheme}://${host}:${address.port}`
  }
}

/** Node lets two servers share a TCP socket, but no Unix socket: those can be taken over as `{ fd }` only. */
function listensAtPort (value: unknown): boolean {
  return value instanceof Server && value.listening && typeof value.address() === 'object'
}
