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

/** What we use of the registry of the websockets plugin. */
type Registry = Iterable<{ close (options: { code: number, message: string }): Promise<unknown> }>

/** RFC 6455, section 7.4.1: the endpoint is going away. */
const GOING_AWAY = 1001
/** IANA's registry of close codes: the server is restarting, come back. */
const SERVICE_RESTART = 1012
const OPEN = 1

/** How many are told in one go: neither this process nor those that come back are to be overrun. */
const BATCH = 500

/** Sends 1001 to each client and waits until all have gone; whoever calls sets the limit. */
export async function sayGoodbye (app: FastifyInstance): Promise<void> {
  await Promise.all(Array.from(clientsOf(app), client => new Promise<void>(resolve => {
    if (client.readyState !== OPEN) return resolve()
    client.once('close', () => resolve())
    client.close(GOING_AWAY, 'Server shutdown')
  })))
}

/** Tells the websockets of an app that another one has taken its place, so that they come back to that. */
export class RestartNotice {
  readonly #app: FastifyInstance
  readonly #told = new WeakSet<object>()

  constructor (app: FastifyInstance) {
    this.#app = app
  }

  /** Tells a batch of those that were not told yet; a handshake may still add some. */
  tellSome (): void {
    let left = BATCH
    for (const [websocket, close] of closersOf(this.#app)) {
      if (this.#told.has(websocket)) continue
      if (left === 0) return
      left -= 1
      this.#told.add(websocket)
      close()
    }
  }
}

/** Every websocket of an app, our own and those of @fastify/websocket, with what closes it. */
function * closersOf (app: FastifyInstance): Iterable<[websocket: object, close: () => void]> {
  const message = 'Service restart'
  for (const websocket of (app as { websockets?: Registry }).websockets ?? []) {
    // Who does not answer is cut later; who has gone already needs no word.
    yield [websocket, () => { websocket.close({ code: SERVICE_RESTART, message }).catch(() => {}) }]
  }
  for (const client of clientsOf(app)) yield [client, () => { client.close(SERVICE_RESTART, message) }]
}

function clientsOf (app: FastifyInstance): Clients['clients'] {
  return (app as { websocketServer?: Clients }).websocketServer?.clients ?? new Set()
}
