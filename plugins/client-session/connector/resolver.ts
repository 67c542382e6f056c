/**
 * Names and their addresses, with a cache: a name that several requests ask for at once is looked up once.
 *
 * @module
 */

import { lookup } from 'node:dns/promises'

/** An address of a name. */
export interface ResolvedAddress {
  readonly host: string
}

/** Looks names up (aiohttp: AbstractResolver). */
export interface Resolver {
  /** The addresses of a host, the preferred one first. */
  resolve (host: string, port: number): Promise<readonly ResolvedAddress[]>
  /** Called when the connector closes. */
  close? (): Promise<void> | void
}

/** What a lookup tells whoever traces it. */
export interface LookupTrace {
  dnsCacheHit (host: string): Promise<void> | void
  dnsCacheMiss (host: string): Promise<void> | void
  dnsResolvehostStart (host: string): Promise<void> | void
  dnsResolvehostEnd (host: string): Promise<void> | void
}

/** Settings of the cache. */
export interface DnsCacheOptions {
  readonly resolver: Resolver
  readonly enabled: boolean
  /** Milliseconds an answer is good for; `Infinity` for ever. */
  readonly ttl: number
  readonly maxSize: number
}

/** The operating system's resolver: files, name servers, whatever it is told to use. */
export function systemResolver (family: 0 | 4 | 6): Resolver {
  return {
    async resolve (host) {
      const found = await lookup(host, { all: true, family, order: 'verbatim' })
      return found.map(({ address }) => ({ host: address }))
    }
  }
}

interface Entry {
  readonly addresses: readonly ResolvedAddress[]
  readonly until: number
  turn: number
}

/** Answers of a resolver, the least recently used ones forgotten first. */
export class DnsCache {
  readonly #options: DnsCacheOptions
  readonly #entries = new Map<string, Entry>()
  readonly #running = new Map<string, Promise<readonly ResolvedAddress[]>>()

  constructor (options: DnsCacheOptions) {
    this.#options = options
  }

  /** The addresses, each call beginning with another one. @throws what the resolver throws */
  async resolve (host: string, port: number, trace: LookupTrace | undefined): Promise<readonly ResolvedAddress[]> {
    if (!this.#options.enabled) return await this.#lookup(host, port, trace)
    const key = `${host}:${port}`
    const found = this.#fresh(key)
    if (found !== undefined) {
      await trace?.dnsCacheHit(host)
      return rotate(found)
    }
    const running = this.#running.get(key)
    if (running !== undefined) {
      await trace?.dnsCacheHit(host)
      await running
    } else {
      const lookup = this.#fill(key, host, port, trace).finally(() => { this.#running.delete(key) })
      this.#running.set(key, lookup)
      await lookup
    }
    const entry = this.#entries.get(key)
    return entry === undefined ? [] : rotate(entry)
  }

  /** Forgets one name, or all. */
  clear (host?: string, port?: number): void {
    if (host === undefined) this.#entries.clear()
    else this.#entries.delete(`${host}:${port ?? ''}`)
  }

  #fresh (key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    if (entry.until <= performance.now()) return undefined
    this.#entries.set(key, entry)
    return entry
  }

  async #fill (
    key: string, host: string, port: number, trace: LookupTrace | undefined
  ): Promise<readonly ResolvedAddress[]> {
    await trace?.dnsCacheMiss(host)
    const addresses = await this.#lookup(host, port, trace)
    this.#entries.set(key, { addresses, until: performance.now() + this.#options.ttl, turn: 0 })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#options.maxSize) break
      this.#entries.delete(oldest)
    }
    return addresses
  }

  async #lookup (host: string, port: number, trace: LookupTrace | undefined): Promise<readonly ResolvedAddress[]> {
    await trace?.dnsResolvehostStart(host)
    const addresses = await this.#options.resolver.resolve(host, port)
    await trace?.dnsResolvehostEnd(host)
    return addresses
  }
}

function rotate (entry: Entry): readonly ResolvedAddress[] {
  const { addresses } = entry
  const start = entry.turn++ % Math.max(1, addresses.length)
  return [...addresses.slice(start), ...addresses.slice(0, start)]
}
