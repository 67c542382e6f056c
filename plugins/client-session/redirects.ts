/**
 * Where a redirect leads, and what goes along (RFC 9110, section 15.4).
 *
 * @module
 */

import type { Call } from './call.ts'
import { ClientPayloadError } from './errors.ts'
import type { RequestUrl } from './url/request-url.ts'
import type { ClientResponse } from './response/response.ts'
import type { Payload } from './types.ts'
import { redirectUrl } from './url/url.ts'

/** One request of a call. */
export interface Hop {
  readonly method: string
  readonly url: RequestUrl
  readonly body: Payload | null
}

const redirects = new Set([301, 302, 303, 307, 308])
/** What belongs to one origin. */
const secrets = ['authorization', 'cookie', 'proxy-authorization']

/**
 * The next request; `undefined` when the response is the last one. Takes from the call what must not go along.
 *
 * @throws InvalidUrlRedirectClientError, NonHttpUrlRedirectClientError; ClientPayloadError for a body that is used up
 */
export function nextHop (call: Call, hop: Hop, response: ClientResponse): Hop | undefined {
  const { options, settings } = call
  if (!redirects.has(response.status) || options.allowRedirects === false) return undefined
  const location = response.headers.get('location') ?? response.headers.get('uri')
  if (location === undefined) {
    call.history.push(response)
    return undefined
  }
  try {
    const { method, body } = methodAfter(hop, response.status)
    const url = redirectUrl(hop.url, location, settings.options.requoteRedirectUrl ?? true)
    if (body === null) call.headers.delete('content-length')
    if (url.origin !== hop.url.origin) {
      call.auth = undefined
      call.crossed = true
      call.cookies = undefined
      for (const name of secrets) call.headers.delete(name)
    }
    return { method, url, body }
  } catch (error) {
    response.release()
    throw error
  }
}

function methodAfter ({ method, body }: Hop, status: number): Pick<Hop, 'method' | 'body'> {
  const becomesGet = status === 303 ? method !== 'HEAD' : method === 'POST' && (status === 301 || status === 302)
  if (becomesGet) return { method: 'GET', body: null }
  if (body !== null && !body.replayable) {
    throw new ClientPayloadError('Cannot follow redirect with a consumed request body. Use bytes, a seekable ' +
      'file-like object, or set allowRedirects: false')
  }
  return { method, body }
}
