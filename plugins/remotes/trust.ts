/**
 * Who is believed: addresses and ranges of proxies.
 *
 * @module
 */

import { BlockList, isIP, isIPv4 } from 'node:net'

/** Somebody that a request came from: an address, a Unix socket, or nobody knows whom. */
export type Peer = string | typeof unix | null

/** Whoever is at the other end of a Unix socket: it has no address. */
export const unix = Symbol('unix')

/** Whether a peer is believed at its place in the chain; 0 is whoever is connected to us. */
export type Trust = (peer: Peer, hop: number) => boolean

/** The names that Fastify's `trustProxy` has for ranges as well. */
const ranges = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']
} as const

/** Whether the text may stand in a list of proxies. */
export function isTrustItem (value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (value === 'unix' || value === '*' || value in ranges) return true
  const [address = '', prefix, ...rest] = value.split('/')
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}

/** One list believes its members at every place up to `hops`; a list of lists has one for each place. */
export function createTrust (
  trusted: readonly string[] | readonly (readonly string[])[], hops = Infinity
): Trust {
  if (!isNested(trusted)) {
    const isMember = members(trusted)
    return (peer, hop) => hop < hops && isMember(peer)
  }
  const places = trusted.map(members)
  return (peer, hop) => places[hop]?.(peer) ?? false
}

/** Whether each place in the chain has a list of its own. */
export function isNested (
  trusted: readonly string[] | readonly (readonly string[])[]
): trusted is readonly (readonly string[])[] {
  return Array.isArray(trusted[0])
}

function members (items: readonly string[]): (peer: Peer) => boolean {
  const list = new BlockList()
  for (const item of items) {
    for (const range of item in ranges ? ranges[item as keyof typeof ranges] : [item]) add(list, range)
  }
  const anybody = items.includes('*')
  const local = items.includes('unix')
  return peer => {
    // Who cannot be named is nobody, not anybody.
    if (peer === null) return false
    if (peer === unix) return anybody || local
    return anybody || list.check(peer, isIPv4(peer) ? 'ipv4' : 'ipv6')
  }
}

function add (list: BlockList, range: string): void {
  const [address = '', prefix] = range.split('/')
  if (isIP(address) === 0) return
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  if (prefix === undefined) list.addAddress(address, family)
  else list.addSubnet(address, Number(prefix), family)
}
