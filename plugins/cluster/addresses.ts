/**
 * What the workers of one master share: a free port, and Unix sockets whose paths belong to the master.
 *
 * Workers listen through the master (`node:cluster`), which binds once for all of them. A path must outlive each of
 * them, so they bind beside it, and the master moves the socket to its name.
 *
 * @module
 */

import { lstat } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { claimPath, type BoundPath, type ClaimedPath } from '../runner/index.ts'
import type { AddressOrders } from './messages.ts'

/** Addresses that a master looks after. */
export interface SharedAddresses {
  /** What every worker is told of them. */
  readonly orders: AddressOrders
  /** Makes them known, once a worker listens. */
  publish (): Promise<void>
  /** Gives them back. */
  release (): Promise<void>
}

/** What to look after. */
export interface WantedAddresses {
  readonly host: string | undefined
  /** `undefined` when the workers serve no TCP. */
  readonly port: number | undefined
  readonly paths: readonly string[]
  /** Descriptors of sockets that the master has inherited. */
  readonly fds: readonly number[]
}

/** Finds out that all addresses may be used; nothing is bound yet, for the workers do that. */
export class Addresses implements SharedAddresses {
  readonly orders: AddressOrders
  readonly #claimed: readonly ClaimedPath[]
  readonly #bound: (BoundPath | undefined)[] = []
  #publishing: Promise<void> = Promise.resolve()

  private constructor (port: number | undefined, fds: readonly number[], claimed: readonly ClaimedPath[]) {
    const paths = claimed.map(({ path, temporary }) => ({ path, temporary }))
    this.orders = { paths, fds, ...port === undefined ? {} : { port } }
    this.#claimed = claimed
  }

  /** @throws AIO_ERR_SITE_PATH, or the system's error: EADDRINUSE, EACCES, ENOTFOUND, … */
  static async claim ({ host, port, paths, fds }: WantedAddresses): Promise<Addresses> {
    const free = port === undefined ? undefined : await tryPort(host, port)
    return new Addresses(free, fds, await Promise.all(paths.map(path => claimPath(path))))
  }

  /** One after the other: two workers that are ready at once would both find the socket, and the second lose it. */
  publish (): Promise<void> {
    const published = this.#publishing.then(() => this.#publish())
    this.#publishing = published.catch(() => {})
    return published
  }

  async #publish (): Promise<void> {
    for (const [index, { temporary, publish }] of this.#claimed.entries()) {
      // Only the first worker binds; and again the first one after all had died.
      if (await exists(temporary)) this.#bound[index] = await publish()
    }
  }

  async release (): Promise<void> {
    for (const bound of this.#bound) await bound?.release()
  }
}

/** The port, if it is free; for 0 one that the system chose. */
async function tryPort (host: string | undefined, port: number): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...host === undefined ? {} : { host } }, resolve)
  })
  const found = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return found.port
}

async function exists (path: string): Promise<boolean> {
  return await lstat(path).catch(() => null) !== null
}
