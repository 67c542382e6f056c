/**
 * A site at a named pipe of Windows.
 *
 * @module
 */

import { AIO_ERR_NAMED_PIPE } from '../../../lib/errors.ts'
import { checkOptions } from '../../../lib/options.ts'
import type { BaseRunner } from '../base-runner.ts'
import { BaseSite, listening, siteShape, type SiteOptions } from './base-site.ts'
import { checkPath } from './unix-site.ts'

/** A site at a named pipe of Windows, aiohttp's `NamedPipeSite`. */
export class NamedPipeSite extends BaseSite {
  readonly path: string

  /** @throws AIO_ERR_NAMED_PIPE outside Windows; AIO_ERR_RUNNER_NOT_SET_UP, AIO_ERR_ARGUMENT_INVALID */
  constructor (runner: BaseRunner, path: string, options: SiteOptions = {}) {
    super(runner, options)
    if (process.platform !== 'win32') throw new AIO_ERR_NAMED_PIPE(process.platform)
    checkPath('NamedPipeSite', path)
    checkOptions('NamedPipeSite', options, siteShape)
    this.path = path
  }

  get name (): string {
    return this.path
  }

  protected async listen (): Promise<void> {
    await this.open(server => listening(server, { path: this.path, backlog: this.backlog }))
  }
}
