/**
 * Notices within a minute that something has become much slower: `npm run bench:guard`.
 *
 * Ratios of processor time, so that a busy machine is no regression; the bounds are generous, and what breaks one is
 * measured once more, for longer. The real goals are those of `npm run bench`.
 */

import { alternate, spread, type Sample } from './compare.ts'
import { load } from './load.ts'
import { Program } from './program.ts'
import { createFiles } from './rows/static.ts'
import { echo, startSockets } from './rows/websockets.ts'

/** Ours, and what it is compared with. */
type Players = Record<'ours' | 'theirs', () => Promise<Sample>>

interface Guard {
  readonly what: string
  /** The most of the other's CPU that we may need. */
  readonly most: number
  readonly rounds: number
  /** Starts what is compared. */
  start (): Promise<{ players: Players, programs: Program[] }>
}

/** Two servers that are asked for the same. */
async function startServers (variants: [ours: string, theirs: string], path: string, folder = '') {
  const programs = await Promise.all(variants.map(name => Program.fork('servers/web.ts', [name, folder])))
  const [ours, theirs] = programs.map(server => () => load(server, { path, seconds: 1 }))
  return { players: { ours, theirs } as Players, programs }
}

const guards: readonly Guard[] = [
  {
    what: 'plain route with the bundle, by bare Fastify',
    most: 1.06,
    rounds: 9,
    start: () => startServers(['bundle', 'bare'], '/')
  },
  {
    what: 'static file of 100 KiB, by @fastify/static',
    most: 0.35,
    rounds: 3,
    start: () => startServers(['static', 'fastify-static'], '/static/medium.txt', createFiles())
  },
  {
    what: 'websocket echo, 16 in flight, by plain ws',
    most: 0.65,
    rounds: 3,
    async start () {
      const [ours, theirs] = [await startSockets('ours'), await startSockets('plain')]
      return {
        players: { ours: echo(ours, 16, 1), theirs: echo(theirs, 16, 1) },
        programs: [ours, theirs].flatMap(({ server, client }) => [server, client])
      }
    }
  },
  {
    what: 'client session, GET of JSON, by undici',
    most: 1.5,
    rounds: 3,
    async start () {
      const server = await Program.fork('servers/json.ts', [], { processors: '1' })
      const clients = await Promise.all(['ours', 'undici'].map(name =>
        Program.fork('clients/load.ts', [name, String(server.port)])))
      const [ours, theirs] = clients.map(client => () => client.ask<Sample>({ method: 'GET', seconds: 1 }))
      return { players: { ours, theirs } as Players, programs: [server, ...clients] }
    }
  }
]

/** Our CPU by theirs in so many rounds, the least first. */
async function measure ({ start }: Guard, rounds: number): Promise<number[]> {
  const { players, programs } = await start()
  const samples = await alternate(players, rounds)
  for (const program of programs) program.stop()
  return samples.ours.map(({ cpu = NaN }, round) => cpu / (samples.theirs[round]?.cpu ?? NaN)).sort((a, b) => a - b)
}

let failed = false
for (const guard of guards) {
  let ratio = spread(await measure(guard, guard.rounds)).median
  if (!(ratio <= guard.most)) {
    // On a machine that others use, too, a few rounds prove nothing: a regression shows in three of four.
    const rounds = guard.rounds * 3
    ratio = (await measure(guard, rounds))[Math.floor(rounds / 4)] ?? NaN
  }
  const kept = ratio <= guard.most
  failed ||= !kept
  console.log(`${kept ? 'ok    ' : 'SLOWER'} ${guard.what}: ${ratio.toFixed(2)} of its CPU, at most ${guard.most}`)
}
process.exit(failed ? 1 : 0)
