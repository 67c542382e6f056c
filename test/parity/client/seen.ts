/**
 * What the server logged, in the form it was recorded: defaults told from the rest, connections numbered.
 *
 * @module
 */

import type { Case, Spec } from './case.ts'
import type { LoggedRequest, ServerLog } from './server.mjs'

/** The value of an automatic header, by its name in lower case. */
type Defaults = Readonly<Record<string, readonly [name: string, value: RegExp]>>

const defaults: Defaults = {
  accept: ['Accept', /^\*\/\*$/],
  // Names what the runtime can decode.
  'accept-encoding': ['Accept-Encoding', /^gzip, deflate, br(, zstd)?$/],
  'user-agent': ['User-Agent', /^fastify-aiohttp\//]
}

/** What cases that are about zstd have: its name in the header is no default there. */
const withoutZstd: Defaults = { ...defaults, 'accept-encoding': ['Accept-Encoding', /^gzip, deflate, br$/] }

/** The requests of a case. */
export function tidySeen ({ requires }: Case, { requests, connections }: ServerLog): Spec[] {
  const automatic = requires === 'zstd' ? withoutZstd : defaults
  const numbers = new Map<number, number>()
  return requests.map(request => {
    if (!isRequest(request)) throw new Error(`The scripted server failed: ${request.server_error}`)
    if (!numbers.has(request.conn)) numbers.set(request.conn, numbers.size + 1)
    const { sni, alpn }: Spec = connections.find(({ id }) => id === request.conn) ?? {}
    const { version, listener, size, chunks, ...rest } = request
    const whole = !('multipart' in request || 'decoded_with' in request)
    return {
      ...rest,
      ...tidyHeaders(request, automatic),
      conn: numbers.get(request.conn),
      ...(version !== '1.1' && { version }),
      ...(listener !== 'http' && { listener }),
      ...(whole && chunks !== undefined && { chunks }),
      // The size of a body that could be read is in the body.
      ...(whole && size !== undefined && !('body' in request) && { size }),
      ...(sni !== undefined && { sni }),
      ...(alpn !== undefined && { alpn })
    }
  })
}

function isRequest (entry: ServerLog['requests'][number]): entry is LoggedRequest {
  return !('server_error' in entry)
}

function tidyHeaders (request: LoggedRequest, defaults: Defaults): { headers: [string, string][], defaults: string[] } {
  const headers: [string, string][] = []
  const found: string[] = []
  for (const [name, value] of request.headers) {
    const [known, pattern] = defaults[name.toLowerCase()] ?? []
    if (known !== undefined && pattern?.test(value)) found.push(known)
    else headers.push([name, tidyValue(name.toLowerCase(), value, request)])
  }
  return { headers, defaults: found.sort() }
}

function tidyValue (name: string, value: string, request: LoggedRequest): string {
  if (name === 'sec-websocket-key') return Buffer.from(value, 'base64').length === 16 ? '<key>' : value
  if (name === 'authorization' && 'digest' in request) return 'Digest <see digest>'
  if (name === 'authorization' && value.startsWith('Digest ')) {
    return value.replace(/(response|cnonce)="\w+"/g, '$1="<hex>"')
  }
  if (name === 'content-length' && 'multipart' in request) return '<length>'
  if (name === 'content-type') return value.replace(/boundary="?[\w'()+_,./:=?-]+"?/, 'boundary=<boundary>')
  return value
}
