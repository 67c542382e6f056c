/**
 * Domains of the Host header, exact or with a mask: `api.example.com`, `*.example.com`, `example.com:8080`.
 *
 * Unlike aiohttp's, they match without regard to case, and a rule without a port matches every port.
 *
 * @module
 */

import { domainToASCII } from 'node:url'
import { AIO_ERR_DOMAIN } from '../../lib/errors.ts'
import { describe } from '../../lib/options.ts'

/** One rule. */
export class Domain {
  /** In lower case, without a port of 80. */
  readonly text: string
  readonly #host: RegExp
  readonly #port: string | undefined

  /** @throws AIO_ERR_DOMAIN */
  constructor (domain: string) {
    if (typeof domain !== 'string') throw new AIO_ERR_DOMAIN(describe(domain), 'expected a string')
    if (domain.includes('://')) throw new AIO_ERR_DOMAIN(describe(domain), 'expected no scheme')
    const [, text = '', port] = /^(.*?)\.?(?::(\d+))?$/.exec(domain) ?? []
    const host = /^[\x21-\x7e]*$/.test(text) ? text.toLowerCase() : domainToASCII(text)
    if (!host.split('.').every(label => /^(?!-)[a-z\d*-]{1,63}(?<!-)$/.test(label))) {
      throw new AIO_ERR_DOMAIN(describe(domain), 'expected labels of letters, digits, dashes and * between dots')
    }
    this.#port = port === '80' ? undefined : port
    this.text = this.#port === undefined ? host : `${host}:${this.#port}`
    this.#host = new RegExp(`^${host.replaceAll('.', '\\.').replace(/\*+/g, '.*')}$`)
  }

  /** Whether a Host header is meant. */
  matches (host: string): boolean {
    const [, name = '', port] = /^(.*?)\.?(?::(\d*))?$/.exec(host.toLowerCase()) ?? []
    return name !== '' && (this.#port === undefined || this.#port === port) && this.#host.test(name)
  }
}
