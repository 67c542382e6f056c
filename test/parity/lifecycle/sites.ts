/**
 * The sites of one scenario, by their ids.
 *
 * @module
 */

import type { Server } from 'node:net'
import path from 'node:path'
import { SockSite, TCPSite, UnixSite, type AppRunner, type ServerRunner } from './library.ts'
import type { Address } from './client.ts'
import { failure } from './failure.ts'
import type { Journal } from './journal.ts'
import type { Step } from './scenario.ts'
import { bind, portOf } from './sockets.ts'

type Site = TCPSite | UnixSite | SockSite

/** Makes, starts, stops and names sites. */
export class Sites {
  /** Numbers of ports, by the id of a site or of whoever else holds one. */
  readonly ports = new Map<string, number>()
  readonly #journal: Journal
  readonly #runner: AppRunner | ServerRunner
  readonly #directory: string
  readonly #made = new Map<string, Site>()
  readonly #sockets: Server[] = []

  constructor (journal: Journal, runner: AppRunner | ServerRunner, directory: string) {
    this.#journal = journal
    this.#runner = runner
    this.#directory = directory
  }

  /** Where a client finds a site. */
  addressOf (id: string): Address {
    const site = this.#made.get(id)
    // Nobody listens at the first port.
    return site instanceof UnixSite ? site.path : this.ports.get(id) ?? 1
  }

  async make (step: Step): Promise<void> {
    const { id = '', kind = 'tcp', path: name = '' } = step
    try {
      if (kind === 'tcp') this.#made.set(id, this.#tcp(step))
      else if (kind === 'unix') {
        this.#made.set(id, new UnixSite(this.#runner, path.join(this.#directory, name), optionsOf(step)))
      } else if (kind === 'sock') {
        const socket = await bind(0)
        this.#sockets.push(socket)
        this.ports.set(id, portOf(socket))
        this.#made.set(id, new SockSite(this.#runner, socket, optionsOf(step)))
      } else throw new Error(`Unknown kind of site "${kind}"`)
    } catch (error) {
      this.#journal.add(`site ${id} raised ${failure(error)}`)
    }
  }

  #tcp (step: Step): TCPSite {
    const { host = '127.0.0.1', port = 0, defaults } = step
    if (defaults === true) return new TCPSite(this.#runner)
    const number = typeof port === 'string' ? this.ports.get(port) ?? 0 : port
    return new TCPSite(this.#runner, { host, port: number, ...optionsOf(step) })
  }

  async start (id: string): Promise<void> {
    await this.#attempt('start', id, async site => {
      await site.start()
      if (site instanceof TCPSite) this.ports.set(id, site.port)
    })
  }

  async stop (id: string): Promise<void> {
    await this.#attempt('stop', id, site => site.stop())
  }

  list (): void {
    const names = Array.from(this.#runner.sites, ({ name }) => this.#shown(name)).sort()
    this.#journal.add(`sites ${JSON.stringify(names)} addresses ${this.#runner.addresses.length}`)
  }

  name (id: string): void {
    this.#journal.add(`name ${id} ${this.#shown(this.#made.get(id)?.name ?? 'none')}`)
  }

  closeAll (): void {
    for (const socket of this.#sockets) socket.close()
  }

  async #attempt (what: string, id: string, call: (site: Site) => Promise<void>): Promise<void> {
    try {
      const site = this.#made.get(id)
      if (site === undefined) throw new Error(`There is no site "${id}"`)
      await call(site)
      this.#journal.add(`${what} ${id} ok`)
    } catch (error) {
      this.#journal.add(`${what} ${id} raised ${failure(error)}`)
    }
  }

  #shown (name: string): string {
    const ports = new Set(this.ports.values())
    return name
      .replace(this.#directory, '{dir}')
      .replace(/:(\d+)$/, (port, number) => ports.has(Number(number)) ? ':{port}' : port)
  }
}

/** Options that a site may have besides its address; in aiohttp's words, which ours may not know. */
function optionsOf ({ reuse_port: reusePort, shutdown_timeout: timeout, backlog }: Step): object {
  return {
    ...reusePort === undefined ? {} : { reusePort },
    ...timeout === undefined ? {} : { shutdownTimeout: timeout * 1000 },
    ...backlog === undefined ? {} : { backlog }
  }
}
