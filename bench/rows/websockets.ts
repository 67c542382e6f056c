/** Websockets that talk, next to plain ws: one message on the way in each of 100 connections, and sixteen. */

import { alternate, compare, type Entry, type Row, type Sample } from '../compare.ts'
import { Program } from '../program.ts'

const connections = 100

/** A server, and the client that loads it. */
interface Pair { readonly server: Program, readonly client: Program }

/** `ours` or `plain`, with all connections open. */
export async function startSockets (which: string): Promise<Pair> {
  const server = await Program.fork('servers/sockets.ts', [which])
  const client = await Program.fork('clients/sockets.ts', [], { processors: '1' })
  await client.ask({ port: server.port, open: connections })
  return { server, client }
}

/** Echoes with so many messages on the way in each connection. */
export function echo ({ server, client }: Pair, inFlight: number, seconds: number) {
  return async (): Promise<Sample> => {
    const before = server.cpu()
    const { rate, count } = await client.ask<{ rate: number, count: number }>({ seconds, inFlight })
    return { rate, cpu: (server.cpu() - before) / count }
  }
}

export default {
  name: 'websockets',
  async run ({ rounds, seconds }) {
    const ours = await startSockets('ours')
    const plain = await startSockets('plain')
    const rows: Row[] = []
    for (const { inFlight, least } of [{ inFlight: 1, least: 0.98 }, { inFlight: 16, least: 3 }]) {
      const players = { ours: echo(ours, inFlight, seconds), plain: echo(plain, inFlight, seconds) }
      const samples = await alternate(players, rounds * 2)
      const title = { what: `websocket echo, ${inFlight} in flight`, against: 'plain ws', unit: 'messages/s' }
      rows.push(compare({ ...title, goal: { least } }, samples.ours, samples.plain))
    }
    for (const { server, client } of [ours, plain]) {
      server.stop()
      client.stop()
    }
    return rows
  }
} satisfies Entry
