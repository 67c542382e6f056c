/**
 * Names of a case and their addresses; no other name is ever looked up.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { checkKeys, type Spec } from './case.ts'

interface Address {
  readonly hostname: string
  readonly host: string
  readonly port: number
  readonly family: 4
}

/** Knows the hosts of a case only. */
export class CaseResolver {
  readonly #hosts: Readonly<Record<string, string | readonly string[]>>
  readonly #delay: number

  constructor (spec: Spec) {
    checkKeys('option of a resolver', spec, ['hosts', 'delay'])
    this.#hosts = (spec.hosts ?? {}) as Record<string, string>
    this.#delay = Number(spec.delay ?? 0)
  }

  async resolve (hostname: string, port: number): Promise<Address[]> {
    if (this.#delay > 0) await sleep(this.#delay)
    const found = this.#hosts[hostname]
    if (found === undefined) {
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
    }
    return [found].flat().map(host => ({ hostname, host, port, family: 4 as const }))
  }

  async close (): Promise<void> {}
}
