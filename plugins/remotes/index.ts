/**
 * Remotes: where requests really come from when proxies stand in front, and which of them are refused.
 *
 * What aiohttp-remotes is for aiohttp. `request.ip`, `ips`, `host` (with `hostname` and `port`) and `protocol` say what
 * trusted proxies say, worked out when they are asked for. Routes with `config: { remotes: false }` refuse nothing.
 *
 * @module
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { HTTPBadRequest } from '../exceptions/index.ts'
import { readForwarded, readXForwarded } from './claims.ts'
import { AIO_ERR_REMOTES_PRESENT } from './errors.ts'
import { hostMatcher, isHost, withoutPort } from './host.ts'
import { checkRemotesOptions, type RemotesOptions, type SecureOptions } from './options.ts'
import { findOrigin, type Origin } from './origin.ts'
import { createTrust, isNested, unix, type Peer } from './trust.ts'

export type { RemotesOptions, SecureOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `false`: the route takes requests from any peer, for any host, by any scheme; for probes and the like. */
    remotes?: boolean
  }
}

/** Looks at a request before anything else; what it returns has been sent. */
type Guard = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined

/**
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID, AIO_ERR_OPTION_CONFLICT; AIO_ERR_REMOTES_PRESENT in an app
 *   with `trustProxy`
 */
export default fp<RemotesOptions>(async function remotes (app, options) {
  checkRemotesOptions(options)
  const { trusted = [], strict = false, allowedHosts, secure = false } = options
  const originOf = origins(options)
  if (trusted.length > 0) decorate(app, originOf)

  const guards: Guard[] = []
  if (strict) guards.push(request => refuse(request, originOf(request).problem))
  if (allowedHosts !== undefined) guards.push(ownHosts(hostMatcher(allowedHosts)))
  if (secure !== false) guards.push(secured(secure === true ? {} : secure))
  // Nobody who asks for none of this has a hook.
  if (guards.length === 0) return
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.remotes === false) return undefined
    for (const guard of guards) {
      const sent = guard(request, reply)
      if (sent !== undefined) return sent
    }
    return undefined
  })
}, {
  name: 'remotes',
  fastify: '5.x'
})

/** Finds the origin of a request, once. */
function origins ({ trusted = [], hops, header }: RemotesOptions): (request: FastifyRequest) => Origin {
  const known = new WeakMap<FastifyRequest['raw'], Origin>()
  const trust = createTrust(trusted, hops)
  const expected = isNested(trusted) ? trusted.length : hops
  const read = header === 'forwarded' ? readForwarded : readXForwarded
  return ({ raw }) => {
    let origin = known.get(raw)
    if (origin === undefined) {
      origin = findOrigin(peerOf(raw.socket), read(name => linesOf(raw.rawHeaders, name)), trust, expected)
      known.set(raw, origin)
    }
    return origin
  }
}

/** The values of all lines of one name; joined, it could not be told how many there were. */
function linesOf (raw: readonly string[], name: string): string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name)
}

/**
 * Who is connected. A TCP socket whose client has gone has no remote address either, and must not pass for a Unix
 * socket: it still has a local one, until it is destroyed.
 */
function peerOf (socket: FastifyRequest['socket']): Peer {
  if (socket.remoteAddress !== undefined) return socket.remoteAddress.replace(/%.*$/, '')
  return socket.localAddress === undefined && !socket.destroyed ? unix : null
}

/** Fastify's own getters stay below: what no proxy says is what they say. */
function decorate (app: FastifyInstance, originOf: (request: FastifyRequest) => Origin): void {
  const getters = {
    ip: (request: FastifyRequest) => originOf(request).addresses.at(-1),
    ips: (request: FastifyRequest) => originOf(request).addresses,
    host: (request: FastifyRequest) =>
      originOf(request).host ?? request.headers.host ?? request.headers[':authority'] ?? '',
    protocol: (request: FastifyRequest) => originOf(request).scheme ?? socketScheme(request)
  }
  for (const [name, get] of Object.entries(getters)) {
    try {
      app.decorateRequest(name, { getter (this: FastifyRequest) { return get(this) } })
    } catch (error) {
      if ((error as { code?: string }).code !== 'FST_ERR_DEC_ALREADY_PRESENT') throw error
      throw new AIO_ERR_REMOTES_PRESENT(name)
    }
  }
}

function socketScheme ({ raw: { socket } }: FastifyRequest): 'http' | 'https' {
  return 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http'
}

/** 400 that says no more than that; the reason is for the log. */
function refuse (request: FastifyRequest, problem: string | null): undefined {
  if (problem === null) return undefined
  request.log.info(`Refused: ${problem}`)
  throw new HTTPBadRequest()
}

function ownHosts (isOwn: (host: string) => boolean): Guard {
  return request => refuse(request, isOwn(request.host) ? null : 'the host is not one of ours')
}

function secured ({ redirect = true, redirectUrl, strictTransportSecurity }: SecureOptions): Guard {
  const header = strictTransportSecurity ?? 'max-age=31536000'
  return (request, reply) => {
    if (request.protocol === 'https') {
      // Over HTTP it must not be sent (RFC 6797, section 7.2).
      if (header !== '') reply.header('strict-transport-security', header)
      return undefined
    }
    if (!redirect) return refuse(request, 'the request is not secure')
    if (redirectUrl === undefined && !isHost(request.host)) return refuse(request, 'there is no host to redirect to')
    const base = redirectUrl?.replace(/\/$/, '') ?? `https://${withoutPort(request.host)}`
    return reply.redirect(base + pathOf(request.originalUrl), 308)
  }
}

/** Path and query of a target, which may be a whole URL or "*". */
function pathOf (target: string): string {
  return target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').replace(/^(?!\/)/, '/').replace(/^\/\*$/, '/')
}
