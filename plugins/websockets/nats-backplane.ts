/**
 * A backplane over NATS, with the package @nats-io/transport-node.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { check, checkOptions, either, listOf, nonEmptyString, type Shape } from '../../lib/options.ts'
import { loadPackage, type Backplane, type BackplaneEvents } from './backplane.ts'

type Client = typeof import('@nats-io/transport-node')

/** Options of `natsBackplane()`. */
export interface NatsBackplaneOptions {
  /**
   * Where NATS is, one server or several of a cluster.
   *
   * @default '127.0.0.1:4222'
   */
  servers?: string | string[]
  /**
   * The subject that all processes share.
   *
   * @default 'fastify-aiohttp.websockets'
   */
  subject?: string
}

const shape: Shape<NatsBackplaneOptions> = {
  servers: either(nonEmptyString, listOf(nonEmptyString)),
  subject: check('a subject without blanks', value => typeof value === 'string' && /^\S+$/.test(value))
}

/**
 * Broadcasts over NATS; needs the package `@nats-io/transport-node`.
 *
 * @throws AIO_ERR_OPTION_UNKNOWN, AIO_ERR_OPTION_INVALID
 */
export function natsBackplane (options: NatsBackplaneOptions = {}): Backplane {
  checkOptions('natsBackplane()', options, shape)
  const { servers = '127.0.0.1:4222', subject = 'fastify-aiohttp.websockets' } = options
  let connection: NatsConnection | undefined
  const stopping = new AbortController()
  let up = false

  async function open (events: BackplaneEvents, client: Client): Promise<void> {
    const opened = await connect(client, servers, events.down, stopping.signal)
    if (opened === undefined) return
    connection = opened
    up = true
    listen(opened, subject, events, state => { up = state })
  }

  return {
    name: 'nats',
    async start (events) {
      const client = await loadPackage('@nats-io/transport-node', 'natsBackplane()',
        () => import('@nats-io/transport-node'))
      // Its failures are told by `down()`.
      open(events, client).catch(events.down)
    },
    publish (bytes) {
      // The client would keep what is published while it connects again, and send it late.
      if (up) connection?.publish(subject, bytes)
    },
    async stop () {
      stopping.abort()
      up = false
      await connection?.close()
    }
  }
}

/** Tries until it is connected; `undefined` when it is no longer wanted. */
async function connect (
  client: Client, servers: string | string[], onFailure: (error: Error) => void, signal: AbortSignal
): Promise<NatsConnection | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      // It connects again by itself, once it was connected.
      const opened = await client.connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 500 })
      if (!signal.aborted) return opened
      await opened.close()
    } catch (error) {
      onFailure(error as Error)
      await sleep(Math.min(2000, 50 * 2 ** attempt), undefined, { signal }).catch(() => {})
    }
  }
}

function listen (
  connection: NatsConnection, subject: string, events: BackplaneEvents, onState: (up: boolean) => void
): void {
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => { if (error === null) events.message(message.data) }
  })
  const follow = async () => {
    // The subscription counts once the server has answered.
    await connection.flush()
    if (!subscription.isClosed()) events.up()
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') {
        onState(false)
        events.down(new Error('The connection was closed'))
      } else if (type === 'reconnect') {
        onState(true)
        events.up()
      }
    }
  }
  follow().catch(events.down)
}
