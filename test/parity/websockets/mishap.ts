/**
 * What handlers should not do: throw, or return another response than their websocket.
 *
 * @module
 */

import { HTTPForbidden, HTTPNotFound, HTTPInternalServerError } from '../../../plugins/exceptions/index.ts'
import { Response } from '../../../plugins/responses/index.ts'

/** Throws, or gives the result a handler should not return. */
export async function mishap (kind: string): Promise<unknown> {
  if (kind === 'runtime') throw new Error('broken')
  if (kind === 'timeout') throw Object.assign(new Error(), { name: 'TimeoutError' })
  if (kind === 'forbidden') throw new HTTPForbidden({ text: 'not for you' })
  if (kind === 'not-found') throw new HTTPNotFound()
  if (kind === 'none') return undefined
  return new Response({ text: 'plain response', status: 202 })
}

/** Fastify has no answer for a handler without a result; aiohttp's is 500. */
export function answer (result: unknown): unknown {
  if (result === undefined) throw new HTTPInternalServerError()
  return result
}
