/**
 * Client middlewares from their descriptions.
 *
 * @module
 */

import * as client from '../../../plugins/client-session/index.ts'
import type {
  ClientMiddleware, ClientRequest, ClientResponse, RequestData
} from '../../../plugins/client-session/index.ts'
import { makeBody } from './bodies.ts'
import { checkKeys, type Spec } from './case.ts'
import { namesOf } from './failure.ts'
import type { Files } from './files.ts'
import { named, translate } from './options.ts'

interface Retry {
  readonly on: readonly number[]
  readonly times: number
  readonly header?: [string, string]
}

/** Makes middlewares; the same `digest` object is one instance for the whole case. */
export class Middlewares {
  readonly #events: unknown[][]
  readonly #files: Files
  readonly #digests = new Map<string, ClientMiddleware>()

  constructor (events: unknown[][], files: Files) {
    this.#events = events
    this.#files = files
  }

  /** What `middlewares` is. */
  readonly translate = (specs: unknown): readonly [string, ClientMiddleware[]] =>
    ['middlewares', (specs as Spec[]).map(spec => this.#make(spec))]

  #make (spec: Spec): ClientMiddleware {
    checkKeys('option of a middleware', spec,
      ['name', 'header', 'remove_header', 'body', 'raise', 'fetch', 'retry', 'digest', 'id'])
    if (spec.digest !== undefined) return this.#digest(spec)
    return async (request, handler) => {
      const note = (...what: unknown[]) => { if (spec.name !== undefined) this.#events.push([spec.name, ...what]) }
      note('before', request.method, String(request.url))
      await this.#change(request, spec)
      const response = spec.retry === undefined
        ? await handler(request).catch((error: Error) => {
          note('error', { is: namesOf(error) })
          throw error
        })
        : await sendAgain(request, handler, spec.retry as Retry)
      note('after', response.status)
      return response
    }
  }

  async #change (request: ClientRequest, spec: Spec): Promise<void> {
    if (spec.header !== undefined) request.headers.set(...spec.header as [string, string])
    if (spec.remove_header !== undefined) request.headers.delete(String(spec.remove_header))
    if ('body' in spec) await request.updateBody(makeBody(spec.body, this.#files) as RequestData | null)
    if (spec.raise !== undefined) throw new RangeError(String(spec.raise))
    if (spec.fetch === undefined) return
    const { url, header } = spec.fetch as { url: string, header: string }
    const response = await request.session.get(url, { middlewares: [] })
    request.headers.set(header, await response.text())
  }

  #digest (spec: Spec): ClientMiddleware {
    const key = JSON.stringify(spec)
    const known = this.#digests.get(key)
    if (known !== undefined) return known
    const options = translate('option of digest', spec.digest as Spec, {
      login: named('login'), password: named('password'), preemptive: named('preemptive')
    })
    const middleware = client.digestAuth(options as { login: string, password: string })
    this.#digests.set(key, middleware)
    return middleware
  }
}

async function sendAgain (
  request: ClientRequest, handler: (request: ClientRequest) => Promise<ClientResponse>, { on, times, header }: Retry
): Promise<ClientResponse> {
  for (let left = times; ; left--) {
    const response = await handler(request)
    if (!on.includes(response.status)) return response
    if (header !== undefined) request.headers.set(...header)
    if (left === 1) return response
  }
}
