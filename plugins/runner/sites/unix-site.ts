/**
 * A site at a Unix socket.
 *
 * @module
 */

import { AIO_ERR_ARGUMENT_INVALID } from '../../../lib/errors.ts'
import { checkOptions, describe, integer, nonEmptyString, type Shape } from '../../../lib/options.ts'
import type { BaseRunner } from '../base-runner.ts'
import { listenAtPath, type BoundPath } from '../unix-path.ts'
import { BaseSite, siteShape, type SiteOptions } from './base-site.ts'

/** Options of `UnixSite`. */
export interface UnixSiteOptions extends SiteOptions {
  /**
   * The socket's permissions, such as `0o660`.
   *
   * @default what the process's umask leaves
   */
  mode?: number
}

const unixShape: Shape<UnixSiteOptions> = { ...siteShape, mode: integer(0, 0o7777) }

/** A site at a Unix socket, aiohttp's `UnixSite`. */
export class UnixSite extends BaseSite {
  readonly path: string
  readonly #mode: number | undefined
  #bound: BoundPath | null = null

  /**
   * @throws AIO_ERR_RUNNER_NOT_SET_UP before `runner.setup()`; AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN,
   *   AIO_ERR_OPTION_INVALID
   */
  constructor (runner: BaseRunner, path: string, options: UnixSiteOptions = {}) {
    super(runner, options)
    checkPath('UnixSite', path)
    checkOptions('UnixSite', options, unixShape)
    this.path = path
    this.#mode = options.mode
  }

  get name (): string {
    return `${this.scheme}://unix:${this.path}:`
  }

  override get addresses (): string[] {
    return this.listening ? [this.path] : []
  }

  override async released (): Promise<void> {
    const bound = this.#bound
    // At once: a site's stop and its runner's cleanup may come together.
    this.#bound = null
    await bound?.release()
  }

  protected async listen (): Promise<void> {
    const options = { backlog: this.backlog, mode: this.#mode }
    await this.open(async server => {
      this.#bound = await listenAtPath(server, this.path, options)
    })
  }
}

/** @throws AIO_ERR_ARGUMENT_INVALID unless `path` is a string with something in it */
export function checkPath (where: string, path: string): void {
  if (!nonEmptyString.test(path)) {
    throw new AIO_ERR_ARGUMENT_INVALID('path', where, nonEmptyString.expected, describe(path))
  }
}
