/** Two workers, next to one and to gunicorn; the load shares their processors. */

import { alternate, compare, skipped, type Entry, type Sample } from '../compare.ts'
import { load } from '../load.ts'
import { hasGunicorn, startGunicorn } from '../peers.ts'
import { freePort, Program } from '../program.ts'

async function startWorkers (workers: number): Promise<Program> {
  const port = await freePort()
  const file = new URL('../servers/workers.ts', import.meta.url).pathname
  const args = ['--import=tsx', file, String(workers), String(port)]
  return await Program.spawn(process.execPath, args, port, { processors: '0,1' })
}

export default {
  name: 'workers',
  async run ({ rounds, seconds }) {
    const one = await startWorkers(1)
    const two = await startWorkers(2)
    const gunicorn = hasGunicorn ? await startGunicorn(2) : undefined
    const ask = (server: Program) => () => load(server, { path: '/', seconds, processors: '0,1' })
    const samples = await alternate({
      one: ask(one), two: ask(two), ...gunicorn !== undefined && { gunicorn: ask(gunicorn) }
    } as Record<'one' | 'two' | 'gunicorn', () => Promise<Sample>>, rounds)
    for (const server of [one, two, gunicorn]) server?.stop()
    const what = 'two workers'
    const peer = { what, against: 'gunicorn, two aiohttp workers', goal: { least: 1.7 } }
    return [
      gunicorn === undefined ? skipped(peer, 'no gunicorn') : compare(peer, samples.two, samples.gunicorn),
      compare({ what, against: 'one worker', goal: { least: 1.35 } }, samples.two, samples.one)
    ]
  }
} satisfies Entry
