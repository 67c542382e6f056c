/**
 * Says goodbye to the websockets of a plain @fastify/websocket, which would close them without a code and
 * wait for no answer. Those of our own registry have ended by then.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'

/** What we use of a `WebSocketServer` of ws. */
interface Clients {
  readonly clients: ReadonlySet<{
    readonly readyState: number
    close (code: number, reason: string): void
    once (event: 'close', listener: () => void): void
  }>
}

/** RFC 6455, section 7.4.1: the endpoint is going away. */
const GOING_AWAY = 1001
const OPEN = 1

/** Sends 1001 to each client and waits until all have gone; whoever calls sets the limit. */
export async function sayGoodbye (app: FastifyInstance): Promise<void> {
  const server = (app as { websocketServer?: Clients }).websocketServer
  if (server === undefined) return
  await Promise.all(Array.from(server.clients, client => new Promise<void>(resolve => {
    if (client.readyState !== OPEN) return resolve()
    client.once('close', () => resolve())
    client.close(GOING_AWAY, 'Server shutdown')
  })))
}
