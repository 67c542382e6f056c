/** Memory of one process after much work, next to what it was after a little. */

import { setTimeout as pause } from 'node:timers/promises'
import { spread, type Entry, type Row } from '../compare.ts'
import { load } from '../load.ts'
import { Program } from '../program.ts'

interface Work {
  readonly what: string
  readonly unit: string
  readonly server: [file: string, variant: string]
  /** How much is a little, how much is much. */
  readonly sizes: readonly [little: number, much: number]
  run (server: Program, client: Program, count: number): Promise<void>
}

/** In steps of a second, until so many were answered. */
async function request (server: Program, _client: Program, count: number): Promise<void> {
  for (let done = 0; done < count;) {
    const before = performance.now()
    const { rate } = await load(server, { path: '/', seconds: 1 })
    done += rate * (performance.now() - before) / 1000
  }
}

async function swap (server: Program, _client: Program, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await server.ask('swap')
}

async function churn (server: Program, client: Program, count: number): Promise<void> {
  await client.ask({ port: server.port, churn: count })
}

function works (full: boolean): Work[] {
  const times = full ? 10 : 1
  const web: Work['server'] = ['servers/web.ts', 'bundle']
  return [
    { what: 'requests', unit: 'MiB', server: web, sizes: [50_000, 100_000 * times], run: request },
    { what: 'swaps', unit: 'MiB', server: web, sizes: [10, 10 * times + 20], run: swap },
    {
      what: 'websockets opened and closed',
      unit: 'MiB',
      server: ['servers/sockets.ts', 'ours'],
      sizes: [5000, 10_000 * times],
      run: churn
    }
  ]
}

async function memoryOf (server: Program): Promise<number> {
  // What ends later than the work: timers of a goodbye, and connections that the system takes down.
  await pause(500)
  return await server.ask('memory') / 1024 / 1024
}

async function observe ({ what, unit, server: [file, variant], sizes: [little, much], run }: Work): Promise<Row> {
  // Without a bound on the young generation RSS says little.
  const execArgv = ['--expose-gc', '--max-semi-space-size=1']
  const server = await Program.fork(file, [variant], { execArgv })
  const client = await Program.fork('clients/sockets.ts', [], { processors: '1' })
  await run(server, client, little)
  const before = await memoryOf(server)
  await run(server, client, much)
  const after = await memoryOf(server)
  server.stop()
  client.stop()
  const ratio = spread([after / before])
  return {
    what: `memory after ${much.toLocaleString('en')} ${what}`,
    against: `after ${little.toLocaleString('en')}`,
    unit,
    ours: spread([after]),
    theirs: spread([before]),
    ratio,
    goal: { most: 1.15 },
    reached: ratio.median <= 1.15
  }
}

export default {
  name: 'memory',
  async run ({ full }) {
    const rows: Row[] = []
    for (const work of works(full)) rows.push(await observe(work))
    return rows
  }
} satisfies Entry
