/**
 * HTTP/2, by undici: one connection for many requests, where the server speaks it; HTTP/1.1 elsewhere.
 *
 * @module
 */

import type { Agent, buildConnector } from 'undici'
import { Fingerprint, tlsOptions, type SslOption } from '../connector/tls.ts'
import { defaultLimits } from '../timeouts.ts'
import { AIO_ERR_CLIENT_CONFLICT } from '../usage-errors.ts'

/** undici is loaded, and an agent made, when the first request needs it. */
export class Http2Agents {
  readonly #agents = new Map<SslOption, Promise<Agent>>()

  /** The agent for one way to check certificates. @throws AIO_ERR_CLIENT_CONFLICT for a fingerprint */
  agentFor (ssl: SslOption): Promise<Agent> {
    if (ssl instanceof Fingerprint) throw new AIO_ERR_CLIENT_CONFLICT('a fingerprint', 'http2')
    let agent = this.#agents.get(ssl)
    if (agent === undefined) {
      agent = import('undici').then(({ Agent }) => new Agent({
        allowH2: true,
        connect: { ...tlsOptions(ssl) as buildConnector.BuildOptions, timeout: defaultLimits.socketConnect }
      }))
      this.#agents.set(ssl, agent)
    }
    return agent
  }

  async close (): Promise<void> {
    const agents = await Promise.all(this.#agents.values())
    this.#agents.clear()
    await Promise.all(agents.map(agent => agent.destroy()))
  }
}
