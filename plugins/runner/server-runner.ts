/**
 * Runs a bare request listener on sites: aiohttp's `ServerRunner`, for a handler without an app.
 *
 * @module
 */

import { EventEmitter } from 'node:events'
import type { RequestListener } from 'node:http'
import { AIO_ERR_ARGUMENT_INVALID } from '../../lib/errors.ts'
import { describe, func } from '../../lib/options.ts'
import { BaseRunner } from './base-runner.ts'
import { standardError, type RunnerLog } from './log.ts'
import type { RunnerOptions } from './options.ts'
import type { Served } from './site-server.ts'

/** Runs a request listener of `node:http`: `setup()`, sites, `cleanup()`. */
export class ServerRunner extends BaseRunner {
  /** Emits `upgrade` for websocket handshakes and `clientError`, as a server of `node:http` does. */
  readonly events = new EventEmitter()
  readonly #handler: RequestListener

  /** @throws AIO_ERR_ARGUMENT_INVALID, AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID */
  constructor (handler: RequestListener, options: RunnerOptions = {}) {
    super('ServerRunner', options)
    if (!func.test(handler)) {
      throw new AIO_ERR_ARGUMENT_INVALID('handler', 'ServerRunner', func.expected, describe(handler))
    }
    this.#handler = handler
  }

  protected get log (): RunnerLog {
    return this.options.log ?? standardError
  }

  protected served (): Served {
    const { keepAliveTimeout, server } = this.options
    return {
      front: { handler: this.#handler, events: this.events },
      serverOptions: { ...(keepAliveTimeout === undefined ? {} : { keepAliveTimeout }), ...server }
    }
  }

  protected async prepare (): Promise<void> {}
  protected cancelStart (): void {}
  protected lame (): void {}
  protected async notify (): Promise<void> {}
  protected giveUp (): void {}
  protected async teardown (): Promise<void> {}

  protected work (): [] {
    return []
  }

  protected endWork (): void {}

  protected failures (): string[] {
    return []
  }

  protected waitingFor (): string | null {
    return null
  }
}
