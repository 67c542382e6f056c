/**
 * The steps of a script that clients perform.
 *
 * @module
 */

import { Client, type Address } from './client.ts'
import type { Journal } from './journal.ts'
import type { ClientReport, Step } from './scenario.ts'

/** Steps of clients by their verb. */
type Perform = (client: Client, step: Step, journal: Journal) => unknown

const steps: Readonly<Record<string, Perform>> = {
  get: (client, { path, version = '1.1' }) => client.send(`GET ${path} HTTP/${version}\r\nHost: x\r\n\r\n`),
  send: (client, { text = '' }) => client.send(text),
  websocket: (client, { path }) => client.send([
    `GET ${path} HTTP/1.1`, 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', ''
  ].join('\r\n')),
  'frame-text': (client, { text = '' }) => client.send(masked(1, Buffer.from(text))),
  'frame-close': (client, { code = 1000 }) => client.send(masked(8, Buffer.from([code >> 8, code & 255]))),
  hear: async (client, { id, count = 0 }, journal) => {
    if (!await client.hear(count)) journal.add(`${id} heard too little`)
  },
  close: client => client.close(),
  'end-write': client => client.endWrite()
}

/** The verbs of clients. */
export const clientVerbs = ['connect', ...Object.keys(steps)]

/** The clients of one scenario. */
export class Clients {
  readonly #journal: Journal
  readonly #addressOf: (to: string | null | undefined) => Address
  readonly #made = new Map<string, Client>()

  constructor (journal: Journal, addressOf: (to: string | null | undefined) => Address) {
    this.#journal = journal
    this.#addressOf = addressOf
  }

  /** Performs a step; false when it is none of clients. */
  async perform (step: Step): Promise<boolean> {
    const { do: verb, id = '', to } = step
    if (verb === 'connect') {
      const client = new Client(this.#journal, this.#addressOf(to))
      this.#made.set(id, client)
      await client.connect()
      return true
    }
    const perform = steps[verb]
    if (perform === undefined) return false
    const client = this.#made.get(id)
    if (client === undefined) throw new Error(`There is no client "${id}"`)
    await perform(client, step, this.#journal)
    return true
  }

  reports (): ClientReport[] {
    return Array.from(this.#made, ([id, client]) => ({ id, saw: [...client.report()] }))
  }

  closeAll (): void {
    for (const client of this.#made.values()) client.close()
  }
}

/** A frame as clients send it. */
function masked (opcode: number, data: Buffer): Buffer {
  const mask = [1, 2, 3, 4]
  const body = data.map((byte, index) => byte ^ (mask[index & 3] ?? 0))
  return Buffer.from([0x80 | opcode, 0x80 | data.length, ...mask, ...body])
}
