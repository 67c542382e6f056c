/**
 * A worker's share of a Unix socket that the master gives its name and takes away again.
 *
 * @module
 */

import { BaseSite, type AppRunner, type SiteOptions } from '../runner/index.ts'
import type { AddressOrders } from './messages.ts'

/** A site at a Unix socket of the master. */
export class SharedPathSite extends BaseSite {
  readonly #shared: AddressOrders['paths'][number]

  constructor (runner: AppRunner, shared: AddressOrders['paths'][number], options: SiteOptions) {
    super(runner, options)
    this.#shared = shared
  }

  get name (): string {
    return `${this.scheme}://unix:${this.#shared.path}:`
  }

  override get addresses (): string[] {
    return this.listening ? [this.#shared.path] : []
  }

  protected async listen (): Promise<void> {
    const options = { path: this.#shared.temporary, backlog: this.backlog }
    await this.open(server => new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options, () => {
        server.removeListener('error', reject)
        resolve()
      })
    }))
  }
}
