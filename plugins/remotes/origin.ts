/**
 * Where a request comes from: as far as each proxy on its way is believed, and no further.
 *
 * @module
 */

import type { Claims } from './claims.ts'
import { unix, type Peer, type Trust } from './trust.ts'

/** Where a request comes from. */
export interface Origin {
  /** The addresses from the peer to the client, as far as they are believed; a Unix socket has none. */
  readonly addresses: readonly string[]
  /** What the proxies say; `null` when the socket and the Host header have to. */
  readonly scheme: string | null
  readonly host: string | null
  /** Why strict mode refuses the request. */
  readonly problem: string | null
}

/** `hops`: how many proxies there have to be in strict mode; `undefined` for any number. */
export function findOrigin (peer: Peer, claims: Claims, trust: Trust, hops: number | undefined): Origin {
  const chain: Peer[] = [peer, ...claims.addresses.toReversed()]
  if (!trust(peer, 0)) {
    return { addresses: named([peer]), scheme: null, host: null, problem: `${text(peer)} is no trusted proxy` }
  }
  let believed = 0
  // Who comes last is the client, trusted or not.
  while (believed < chain.length - 1 && trust(chain[believed] ?? null, believed)) believed += 1
  // What the farthest believed proxy wrote is what the client asked for; the peer is one even if it names no client.
  const place = Math.max(believed, 1)
  return {
    addresses: named(chain.slice(0, believed + 1)),
    scheme: pick(claims.schemes, place),
    host: pick(claims.hosts, place),
    problem: claims.problem ?? countProblem(chain.length - 1, believed, hops)
  }
}

function countProblem (claimed: number, believed: number, hops: number | undefined): string | null {
  if (claimed === 0) return 'no proxy says where the request comes from'
  if (hops !== undefined && claimed !== hops) return `${claimed} proxies have been on the way, expected ${hops}`
  return claimed === believed ? null : 'a proxy on the way is not trusted'
}

/** What the proxy at a place wrote, 1 being the nearest; else the next nearer one that did. One value is for all. */
function pick (values: readonly (string | null)[], place: number): string | null {
  const believed = values.slice(-place)
  return believed.find(value => value !== null) ?? null
}

function named (chain: readonly Peer[]): string[] {
  return chain.filter(peer => typeof peer === 'string')
}

function text (peer: Peer): string {
  return peer === unix ? 'whoever is at the Unix socket' : peer === null ? 'an unknown peer' : String(peer)
}
