/**
 * Two workers, next to one and to gunicorn. The load shares their processors: what a second worker brings is seen in
 * requests that cost the workers much and the load next to nothing.
 */

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
    const ask = (server: Program, path = '/') => () => load(server, { path, seconds, processors: '0,1' })
    const samples = await alternate({
      one: ask(one), two: ask(two), ...gunicorn !== undefined && { gunicorn: ask(gunicorn) }
    } as Record<'one' | 'two' | 'gunicorn', () => Promise<Sample>>, rounds)
    const working = await alternate({ one: ask(one, '/work'), two: ask(two, '/work') }, rounds)
    for (const server of [one, two, gunicorn]) server?.stop()
    const what = 'two workers'
    const peer = { what, against: 'gunicorn, two aiohttp workers', goal: { least: 1.7 } }
    const against = 'one worker'
    return [
      gunicorn === undefined ? skipped(peer, 'no gunicorn') : compare(peer, samples.two, samples.gunicorn),
      compare({ what, against }, samples.two, samples.one),
      compare({ what: `${what}, milliseconds of work`, against, goal: { least: 1.35 } }, working.two, working.one)
    ]
  }
} satisfies Entry
