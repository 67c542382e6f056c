/** Many websockets at once, next to plain ws: what they take while they are silent, a broadcast, and their end. */

import { once } from 'node:events'
import { compare, spread, type Entry, type Row, type Sample } from '../compare.ts'
import { Program } from '../program.ts'

interface Observed {
  readonly memory: Sample
  readonly broadcast: Sample
  /** Of sixteen in one turn. */
  readonly burst: Sample
  /** Milliseconds from SIGTERM to the end of the process, and how many heard 1001. */
  readonly shutdown: number
  readonly goodbyes: number
}

async function observe (which: string, connections: number): Promise<Observed> {
  const server = await Program.fork('servers/sockets.ts', [which], { execArgv: ['--expose-gc'] })
  const client = await Program.fork('clients/sockets.ts', [], { processors: '1' })
  // What the first ones load is no memory of the others.
  await client.ask({ port: server.port, churn: 200 })
  const before = await server.ask('memory')
  await client.ask({ port: server.port, open: connections })
  const memory = (await server.ask('memory') - before) / connections / 1024
  const broadcast = await deliver(server, client, 'broadcast', connections)
  const burst = await deliver(server, client, 'burst', connections * 16)
  const exit = once(server.child, 'exit')
  const begin = performance.now()
  server.child.kill('SIGTERM')
  await exit
  const shutdown = performance.now() - begin
  const { goodbyes } = await client.ask<{ goodbyes: number }>({})
  client.stop()
  return { memory: { rate: memory }, broadcast, burst, shutdown, goodbyes }
}

/** Sends to all five times; the next begins when the client has everything of the last. */
async function deliver (
  server: Program, client: Program, command: 'broadcast' | 'burst', messages: number
): Promise<Sample> {
  const rates: number[] = []
  const cpus: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const before = server.cpu()
    rates.push(messages / await server.ask(command) * 1000)
    cpus.push((server.cpu() - before) / messages)
    await client.ask({ expect: messages })
  }
  return { rate: spread(rates).median, cpu: spread(cpus).median }
}

export default {
  name: 'connections',
  async run ({ full }) {
    const connections = full ? 10_000 : 5000
    const count = connections.toLocaleString('en')
    const seen: { ours: Observed[], plain: Observed[] } = { ours: [], plain: [] }
    for (let round = 0; round < 2; round += 1) {
      seen.plain.push(await observe('plain', connections))
      seen.ours.push(await observe('ours', connections))
    }
    const took = spread(seen.ours.map(({ shutdown }) => shutdown))
    const told = spread(seen.ours.map(({ goodbyes }) => goodbyes))
    const rows: Row[] = [
      compare({ what: `${count} idle websockets`, against: 'plain ws', unit: 'KiB each', goal: { most: 1.1 } },
        seen.ours.map(({ memory }) => memory), seen.plain.map(({ memory }) => memory)),
      compare({ what: `broadcast to ${count}`, against: 'plain ws in a loop', unit: 'messages/s', goal: { least: 2 } },
        seen.ours.map(({ broadcast }) => broadcast), seen.plain.map(({ broadcast }) => broadcast)),
      compare({ what: `16 broadcasts at once to ${count}`, against: 'plain ws in a loop', unit: 'messages/s', goal: { least: 2 } },
        seen.ours.map(({ burst }) => burst), seen.plain.map(({ burst }) => burst)),
      {
        what: `shutdown with ${count}`,
        against: '2 s',
        unit: 'ms',
        ours: took,
        goal: { most: 1 },
        ratio: spread(seen.ours.map(({ shutdown }) => shutdown / 2000)),
        reached: took.max <= 2000
      },
      {
        what: 'of them told 1001',
        against: 'all',
        unit: 'websockets',
        ours: told,
        goal: { least: 1 },
        ratio: spread(seen.ours.map(({ goodbyes }) => goodbyes / connections)),
        reached: told.min === connections
      }
    ]
    return rows
  }
} satisfies Entry
